use pattern_core::{
    analytics::{
        fingerprint::{BehaviorClass, Fingerprint, fingerprint},
        grid::day_buckets,
    },
    domain::Sample,
};

use super::support::{Noise, day, good};

fn of(values: impl IntoIterator<Item = f64>) -> Option<Fingerprint> {
    let samples: Vec<Sample> = values.into_iter().enumerate().map(|(i, v)| good(i as i64 * 60, v)).collect();
    let row = day_buckets(day(), None, &samples, chrono::Duration::hours(24));
    fingerprint(&samples, &row)
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
    fingerprint(&samples, &row).expect("enough samples").class
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
    samples[5] = Sample { value: 9999.0, quality: 192, ..samples[5] };
    samples[6].value = f64::NAN;
    let made = fingerprint(&samples, &[]).unwrap();
    assert_eq!((made.sample_count, made.max), (18, 3.0));
    assert!(fingerprint(&samples[..4], &[]).is_none());
}

#[test]
fn white_noise_has_no_period() {
    let mut noise = Noise::new(6);
    assert_eq!(of((0..1440).map(|_| noise.next())).unwrap().period_hours, None);
}
