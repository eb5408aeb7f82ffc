use chrono::Duration;
use pattern_core::{
    domain::Sample,
    series::{
        frame::Frame,
        grid::{BUCKETS_PER_DAY, coarser, day_buckets, row, sparkline},
    },
};
use proptest::{collection::vec, prelude::*};

use super::support::{day, good, grid, midnight};

const GAP: f32 = f32::NAN;

fn drawn(line: &[f32]) -> Vec<Option<f32>> {
    line.iter().map(|value| (!value.is_nan()).then_some(*value)).collect()
}

fn hours(hours: i64) -> Duration {
    Duration::hours(hours)
}

/// The mean second by second: slow, and too simple to be wrong.
fn by_the_second(carry_in: Option<Sample>, samples: &[Sample], stale_seconds: i64) -> Vec<Option<f64>> {
    let second = |s: &Sample| (s.at - midnight()).num_seconds();
    let all: Vec<Sample> = carry_in.into_iter().chain(samples.iter().copied()).collect();
    let held = |now: i64| {
        let last = all.iter().rev().find(|s| second(s) <= now)?;
        (last.is_good() && now < second(last) + stale_seconds).then_some(last.value)
    };
    (0..BUCKETS_PER_DAY as i64)
        .map(|bucket| {
            let values: Vec<f64> = (bucket * 900..(bucket + 1) * 900).filter_map(held).collect();
            (values.len() >= 450).then(|| values.iter().sum::<f64>() / values.len() as f64)
        })
        .collect()
}

fn a_day() -> impl Strategy<Value = Vec<Sample>> {
    vec((0..86_400_i64, -50.0..50.0_f64, prop_oneof![6 => Just(0_i16), 1 => Just(24)]), 0..60).prop_map(
        |all| {
            let mut samples: Vec<Sample> =
                all.into_iter().map(|(at, value, quality)| Sample { quality, ..good(at, value) }).collect();
            samples.sort_by_key(|s| s.at);
            samples.dedup_by_key(|s| s.at);
            samples
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn buckets_are_the_time_weighted_means_of_the_held_values(
        samples in a_day(), carried in prop::option::of((1..50_000_i64, -50.0..50.0_f64)), stale in 60..30_000_i64
    ) {
        let carry_in = carried.map(|(before, value)| good(-before, value));
        let buckets = day_buckets(day(), carry_in, &samples, Duration::seconds(stale));
        for (bucket, expected) in by_the_second(carry_in, &samples, stale).into_iter().enumerate() {
            match expected {
                Some(mean) => prop_assert!((f64::from(buckets[bucket]) - mean).abs() < 1e-4, "bucket {bucket}"),
                None => prop_assert!(buckets[bucket].is_nan(), "bucket {bucket}"),
            }
        }
    }

    #[test]
    fn no_bucket_leaves_the_range_of_the_good_samples(samples in a_day()) {
        let good: Vec<f64> = samples.iter().filter(|s| s.is_good()).map(|s| s.value).collect();
        let low = good.iter().copied().fold(f64::INFINITY, f64::min) as f32;
        let high = good.iter().copied().fold(f64::NEG_INFINITY, f64::max) as f32;
        for mean in day_buckets(day(), None, &samples, hours(24)).into_iter().filter(|v| v.is_finite()) {
            prop_assert!(low - 1e-4 <= mean && mean <= high + 1e-4, "{low} <= {mean} <= {high}");
        }
    }
}

#[test]
fn the_last_value_of_yesterday_holds_until_it_is_stale() {
    let buckets = day_buckets(day(), Some(good(-3600, 7.0)), &[], hours(2));
    assert_eq!(buckets[..4], [7.0; 4]);
    assert!(buckets[4..].iter().all(|v| v.is_nan()));
}

#[test]
fn a_bad_sample_ends_the_hold() {
    let bad = Sample { quality: 24, ..good(1800, 3.0) };
    let buckets = day_buckets(day(), None, &[good(0, 5.0), bad, good(3600, 6.0)], hours(24));
    assert_eq!(buckets[..2], [5.0; 2]);
    assert!(buckets[2..4].iter().all(|v| v.is_nan()));
    assert_eq!(buckets[4..], [6.0; 92]);
}

#[test]
fn equal_rows_have_equal_versions_whatever_bits_their_gaps_have() {
    let other_nan = f32::from_bits(f32::NAN.to_bits() ^ 1);
    assert!(other_nan.is_nan());
    let grid = grid(&[vec![1.0, f32::NAN, 3.0], vec![1.0, other_nan, 3.0], vec![1.0, f32::NAN, 3.5]]);
    assert_eq!(grid.version(0), grid.version(1));
    assert_ne!(grid.version(0), grid.version(2));
}

#[test]
fn a_sparkline_shows_what_was_held_scaled_and_with_its_gaps() {
    let row = [10.0, 10.0, 15.0, 25.0, GAP, GAP, 30.0, GAP];
    assert_eq!(drawn(&sparkline::<4>(&row)), [Some(0.0), Some(0.5), None, Some(1.0)]);
    assert_eq!(drawn(&sparkline::<2>(&[7.0, GAP])), [Some(0.5), None], "a constant lies in the middle");
    assert_eq!(drawn(&sparkline::<4>(&[1.0, 2.0])), [Some(0.0), None, Some(1.0), None]);
    // A value that is written once and held is a line, not a dot.
    let held = day_buckets(day(), None, &[good(0, 3.0)], hours(24));
    assert_eq!(sparkline::<12>(&held), [0.5; 12]);
}

#[test]
fn a_row_of_fine_buckets_holds_values_from_before_and_leaves_gaps_where_most_is_unknown() {
    let frame = Frame { start: midnight() + Duration::seconds(10), bucket_seconds: 2, buckets: 5 };
    let bad = Sample { quality: 24, ..good(14, 9.0) };
    let samples = [good(-30, 1.0), good(5, 3.0), good(11, 5.0), bad, good(17, 7.0)];
    let row = row(&frame, &samples, hours(24));
    assert_eq!(drawn(&row), [Some(4.0), Some(5.0), None, Some(7.0), Some(7.0)]);
}

#[test]
fn coarser_buckets_are_means_of_what_is_known_where_that_is_half() {
    let row = [1.0, 3.0, GAP, 5.0, GAP, GAP, GAP, GAP];
    assert_eq!(drawn(&coarser(&row, 2).collect::<Vec<_>>()), [Some(2.0), Some(5.0), None, None]);
    assert_eq!(drawn(&coarser(&row, 4).collect::<Vec<_>>()), [Some(3.0), None]);
}
