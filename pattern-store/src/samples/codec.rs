//! The block codec of `pattern_core`, with this crate's errors.

use chrono::NaiveDate;
use pattern_core::domain::Sample;

use crate::{Result, StoreError};

pub(super) fn decode_block(day: NaiveDate, _bytes: &[u8]) -> Result<Vec<Sample>> {
    Err(StoreError::Corrupt(format!("a sample block of {day}: there can be none yet")))
}
