use pattern_core::{
    domain::{BehaviorClass, Sample},
    series::{frame::ROLLUP_SECONDS, grid::day_buckets},
};
use pattern_equipment::fingerprint::{Fingerprint, fingerprint, fingerprints};
use serde::Deserialize;

use super::support::{Noise, day, good, midnight};

fn of(values: impl IntoIterator<Item = f64>) -> Option<Fingerprint> {
    let samples: Vec<Sample> = values.into_iter().enumerate().map(|(i, v)| good(i as i64 * 60, v)).collect();
    let row = day_buckets(day(), None, &samples, chrono::Duration::hours(24));
    fingerprint(&samples, &row, ROLLUP_SECONDS)
}

fn class(values: impl IntoIterator<Item = f64>) -> BehaviorClass {
    of(values).expect("enough samples").class
}

#[test]
fn every_kind_of_signal_is_told_apart() {
    let mut noise = Noise::new(4);
    assert_eq!(class((0..1440).map(|_| 20.0 + noise.next())), BehaviorClass::Analog);
    assert_eq!(class((0..1440).map(|i| f64::from(i / 300 % 3) * 2.5 + 18.0)), BehaviorClass::Setpoint);
    assert_eq!(class((0..1440).map(|i| f64::from(i / 90 % 2))), BehaviorClass::Binary);
    assert_eq!(class((0..1440).map(|_| 7.0)), BehaviorClass::Constant);
    // An energy meter that is reset at noon.
    assert_eq!(class((0..1440).map(|i| f64::from(i % 720) * 0.5)), BehaviorClass::Counter);
}

/// What is left of readings by the minute in an archive that keeps changes only.
fn class_of_changes(values: impl IntoIterator<Item = f64>) -> BehaviorClass {
    let all: Vec<Sample> = values.into_iter().enumerate().map(|(i, v)| good(i as i64 * 60, v)).collect();
    let mut samples = all.clone();
    samples.dedup_by_key(|sample| sample.value);
    let row = day_buckets(day(), None, &samples, chrono::Duration::hours(24));
    fingerprint(&samples, &row, ROLLUP_SECONDS).expect("enough samples").class
}

#[test]
fn a_signal_is_of_the_same_kind_in_an_archive_that_keeps_changes_only() {
    let mut noise = Noise::new(4);
    assert_eq!(class_of_changes((0..1440).map(|_| 20.0 + noise.next())), BehaviorClass::Analog);
    assert_eq!(
        class_of_changes((0..1440).map(|i| f64::from(i / 150 % 3) * 2.5 + 18.0)),
        BehaviorClass::Setpoint
    );
    assert_eq!(
        class_of_changes((0..1440).map(|i| f64::from(i / 180 % 2) * 5.0 + 18.0)),
        BehaviorClass::Setpoint
    );
    assert_eq!(class_of_changes((0..1440).map(|i| f64::from(i / 90 % 2))), BehaviorClass::Binary);
    // Hours run, and starts: they rest, and still only grow.
    assert_eq!(class_of_changes((0..1440).map(|i| f64::from(500 + i / 60))), BehaviorClass::Counter);
    assert_eq!(class((0..1440).map(|i| f64::from(500 + i / 60))), BehaviorClass::Counter);
    assert_eq!(class((0..1440).map(|i| f64::from(7 + i / 400))), BehaviorClass::Counter);
}

#[test]
fn a_slow_rise_with_noise_is_no_counter() {
    let mut noise = Noise::new(8);
    assert_eq!(class((0..1440).map(|i| f64::from(i) * 0.01 + noise.next())), BehaviorClass::Analog);
}

#[test]
fn bad_samples_do_not_count_and_too_few_say_nothing() {
    let mut samples: Vec<Sample> = (0..20).map(|i| good(i * 60, 1.0 + (i % 3) as f64)).collect();
    samples[5] = Sample { value: 9999.0, quality: 24, ..samples[5] };
    samples[6].value = f64::NAN;
    let made = fingerprint(&samples, &[], ROLLUP_SECONDS).unwrap();
    assert_eq!((made.sample_count, made.max), (18, 3.0));
    assert!(fingerprint(&samples[..4], &[], ROLLUP_SECONDS).is_none());
}

#[test]
fn a_value_that_is_only_repeated_once_a_day_never_moves() {
    let samples: Vec<Sample> = (0..7).map(|i| good(i * 86_400, 70.0)).collect();
    assert_eq!(fingerprint(&samples, &[], ROLLUP_SECONDS).unwrap().class, BehaviorClass::Constant);
}

#[test]
fn white_noise_has_no_period() {
    let mut noise = Noise::new(6);
    assert_eq!(of((0..1440).map(|_| noise.next())).unwrap().period_hours, None);
}

/// A signal, and what pandas, scipy and numpy say about it: `tests/data/make_fingerprint_reference.py`.
#[derive(Deserialize)]
struct Case {
    name: String,
    seconds: Vec<f64>,
    values: Vec<f64>,
    row: Vec<Option<f32>>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    mean: f64,
    std_dev: f64,
    min: f64,
    max: f64,
    quantiles: [f64; 7],
    skewness: Option<f64>,
    kurtosis: Option<f64>,
    distinct_values: usize,
    update_interval_seconds: f64,
    noise: f64,
    steps_per_day: f64,
    falls_by_half: usize,
    autocorrelation: f64,
    period_hours: Option<f64>,
}

#[test]
fn fingerprints_of_every_kind_of_signal_are_as_pandas_and_scipy_have_them() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../data/fingerprint_reference.json")).unwrap();
    assert_eq!(cases.len(), 8);
    for Case { name, seconds, values, row, expected } in cases {
        let at = |seconds: f64| midnight() + chrono::Duration::microseconds((seconds * 1e6).round() as i64);
        let samples: Vec<Sample> =
            seconds.iter().zip(&values).map(|(s, v)| Sample { at: at(*s), value: *v, quality: 0 }).collect();
        let row: Vec<f32> = row.into_iter().map(|mean| mean.unwrap_or(f32::NAN)).collect();
        let made = fingerprint(&samples, &row, ROLLUP_SECONDS).unwrap();
        let near = |what: &str, found: f64, wanted: f64, tolerance: f64| {
            let off = (found - wanted).abs() / wanted.abs().max(1e-3);
            assert!(off <= tolerance, "{what} of {name}: {found} instead of {wanted}");
        };
        let may_be_near = |what: &str, found: Option<f64>, wanted: Option<f64>| {
            assert_eq!(
                found.is_some(),
                wanted.is_some(),
                "{what} of {name}: {found:?} instead of {wanted:?}"
            );
            found.zip(wanted).iter().for_each(|(found, wanted)| near(what, *found, *wanted, 1e-9));
        };
        assert_eq!(
            (made.sample_count, made.min, made.max),
            (values.len(), expected.min, expected.max),
            "{name}"
        );
        assert_eq!(made.distinct_values, expected.distinct_values, "{name}");
        near("mean", made.mean, expected.mean, 1e-14);
        near("std_dev", made.std_dev, expected.std_dev, 1e-12);
        near("noise", made.noise, expected.noise, 1e-12);
        near("steps", made.steps_per_day, expected.steps_per_day, 1e-4);
        near("interval", made.update_interval_seconds, expected.update_interval_seconds, 1e-9);
        near("autocorrelation", made.autocorrelation, expected.autocorrelation, 1e-9);
        may_be_near("skewness", made.skewness, expected.skewness);
        may_be_near("kurtosis", made.kurtosis, expected.kurtosis);
        may_be_near("period", made.period_hours, expected.period_hours);
        for (found, wanted) in made.quantiles.iter().zip(expected.quantiles) {
            near("quantile", *found, wanted, 1e-14);
        }
        let resets = if made.class == BehaviorClass::Counter { expected.falls_by_half } else { 0 };
        assert_eq!(made.counter_resets, resets, "{name}");
        assert_eq!(made.class == BehaviorClass::Counter, name == "meter with resets", "{name}");
    }
}

#[test]
fn a_small_correction_of_a_counter_is_no_reset() {
    let meter = |i: i32| f64::from(i % 720) - if i == 500 { 3.0 } else { 0.0 };
    let made = of((0..1440).map(meter)).unwrap();
    assert_eq!((made.class, made.counter_resets), (BehaviorClass::Counter, 1));
}

#[test]
fn a_batch_has_what_each_point_has_alone_in_its_order() {
    let mut noise = Noise::new(3);
    let wave = |(k, noise): (usize, &f64)| (3.0 * (k as f64 * 0.7).sin() + noise) as f32;
    let points: Vec<(Vec<Sample>, Vec<f32>)> = (0..300)
        .map(|i| {
            let values = noise.series(i % 40);
            let samples =
                values.iter().enumerate().map(|(k, v)| good(k as i64 * 60 * (1 + i as i64 % 7), *v));
            // Rows of several lengths: what one point leaves in the buffers must not reach the next.
            (samples.collect(), noise.series(20 + i % 3 * 40).iter().enumerate().map(wave).collect())
        })
        .collect();
    let windows: Vec<(&[Sample], &[f32])> = points.iter().map(|(s, row)| (&s[..], &row[..])).collect();
    let alone: Vec<Option<Fingerprint>> =
        windows.iter().map(|(s, row)| fingerprint(s, row, ROLLUP_SECONDS)).collect();
    assert!(alone.iter().any(Option::is_none) && alone.iter().flatten().any(|f| f.period_hours.is_some()));
    assert_eq!(fingerprints(&windows, ROLLUP_SECONDS), alone);
}

#[test]
fn a_fingerprint_that_an_earlier_version_stored_can_be_read() {
    let stored = r#"{"sample_count":20,"mean":1.5,"std_dev":0.5,"min":1.0,"max":2.0,
        "quantiles":[1.0,1.0,1.0,1.5,2.0,2.0,2.0],"update_interval_seconds":60.0,"distinct_values":2,
        "class":"setpoint","noise":0.1,"steps_per_day":3.0,"period_hours":null,"autocorrelation":0.9}"#;
    let read: Fingerprint = serde_json::from_str(stored).unwrap();
    assert_eq!((read.skewness, read.counter_resets, read.class), (None, 0, BehaviorClass::Setpoint));
}
