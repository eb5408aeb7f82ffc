//! The blocks of `pattern_core`, with this crate's errors, and the rule that makes a day's buckets.

use chrono::{Duration, NaiveDate};
use pattern_core::{
    domain::Sample,
    series::{blocks, grid},
};

use crate::{Result, StoreError};

/// A value holds until the next sample, but no longer than this. Not more than a day: a day's buckets
/// may depend on that day and the day before, nothing else.
pub const STALE_AFTER: Duration = Duration::hours(24);

pub(super) type Buckets = [f32; grid::BUCKETS_PER_DAY];

pub(super) fn encode_block(day: NaiveDate, samples: &[Sample]) -> Vec<u8> {
    blocks::encode_block(day, samples)
}

pub(super) fn decode_block(day: NaiveDate, bytes: &[u8]) -> Result<Vec<Sample>> {
    blocks::decode_block(day, bytes).map_err(|e| StoreError::Corrupt(format!("samples of {day}: {e}")))
}

/// `None` where every bucket is a gap: such a day is not kept.
pub(super) fn encode_rollup(buckets: &Buckets) -> Option<Vec<u8>> {
    buckets.iter().any(|value| !value.is_nan()).then(|| blocks::encode_rollup(buckets))
}

pub(super) fn decode_rollup(bytes: &[u8]) -> Result<Buckets> {
    blocks::decode_rollup(bytes).map_err(|e| StoreError::Corrupt(format!("means of a day: {e}")))
}

/// What goes over midnight: a day's last sample, if its value holds.
pub(super) fn carry_out(samples: &[Sample]) -> Option<Sample> {
    samples.last().copied().filter(Sample::is_good)
}

pub(super) fn day_buckets(day: NaiveDate, carry_in: Option<Sample>, samples: &[Sample]) -> Buckets {
    grid::day_buckets(day, carry_in, samples, STALE_AFTER)
}
