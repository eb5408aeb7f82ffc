use chrono::{DateTime, Duration, Utc};
use pattern_core::{domain::Direction, series::frame::Frame};
use pattern_episode::detection::{at_once, behavior_changes, episodes, moment_of_change};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeSet;

use super::support::{Noise, midnight};

fn at(minutes: i64) -> DateTime<Utc> {
    midnight() + Duration::minutes(minutes)
}

/// A frame of quarters of an hour.
fn from(start: DateTime<Utc>) -> Frame {
    Frame { start, bucket_seconds: 900, buckets: 672 }
}

fn window() -> Duration {
    Duration::minutes(15)
}

proptest! {
    #[test]
    fn episodes_hold_exactly_the_changes_of_dense_windows(changes in vec((0..400_i64, 0..12_usize), 0..80)) {
        let changes: Vec<(DateTime<Utc>, usize)> = changes.into_iter().map(|(m, p)| (at(m), p)).collect();
        let min_points = 5;
        let found = episodes(&changes, min_points, window());
        // A change counts if some window of that length that holds it holds enough different points.
        let dense: BTreeSet<(DateTime<Utc>, usize)> = changes
            .iter()
            .flat_map(|(from, _)| {
                let inside: Vec<_> =
                    changes.iter().copied().filter(|(t, _)| from <= t && *t - *from <= window()).collect();
                let points: BTreeSet<usize> = inside.iter().map(|(_, p)| *p).collect();
                if points.len() >= min_points { inside } else { Vec::new() }
            })
            .collect();
        let held = |t: DateTime<Utc>, p: usize| {
            found.iter().any(|e| e.starts_at <= t && t <= e.ends_at && e.members.contains(&p))
        };
        for &(t, p) in &dense {
            prop_assert!(held(t, p), "change of {p} at {t} is missing");
        }
        for episode in &found {
            prop_assert!(episode.members.len() >= min_points);
            prop_assert!(episode.members.is_sorted_by(|a, b| a < b));
            for &p in &episode.members {
                let own = dense.iter().any(|(t, q)| *q == p && episode.starts_at <= *t && *t <= episode.ends_at);
                prop_assert!(own, "{p} did not change in {episode:?}");
            }
        }
        prop_assert!(found.windows(2).all(|e| e[1].starts_at - e[0].ends_at > window()));
    }
}

#[test]
fn a_point_that_changes_often_counts_once() {
    let changes: Vec<_> = (0..20).map(|i| (at(i % 10), 7)).collect();
    assert!(episodes(&changes, 2, window()).is_empty());
}

#[test]
fn two_bursts_are_two_episodes() {
    let burst = |from: i64, first: usize| (0..10).map(move |i| (at(from + i as i64), first + i));
    let found = episodes(&burst(0, 0).chain(burst(300, 5)).collect::<Vec<_>>(), 10, window());
    let spans: Vec<_> = found.iter().map(|e| (e.starts_at, e.ends_at, e.members.clone())).collect();
    assert_eq!(spans, [(at(0), at(9), (0..10).collect()), (at(300), at(309), (5..15).collect())]);
}

#[test]
fn what_always_happens_somewhere_in_a_large_plant_is_no_episode() {
    // Twelve of 3 000 points change in every quarter of an hour; at noon of the second day 60 do.
    let changes: Vec<_> = (0..192)
        .flat_map(|quarter: usize| {
            let count = if quarter == 144 { 60 } else { 12 };
            (0..count).map(move |i| (at(15 * quarter as i64 + 1), (quarter * 31 + i * 50) % 3000))
        })
        .collect();
    let found = episodes(&changes, 10, window());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_at >= at(143 * 15) && found[0].ends_at <= at(145 * 15 + 1), "{found:?}");
}

#[test]
fn one_absurd_time_neither_hides_an_episode_nor_takes_long() {
    // 8 000 years are 280 million windows.
    let absurd = (midnight() + Duration::days(8_000 * 365), 3);
    let burst = (0..10).map(|point| (at(0), point));
    let found = episodes(&burst.chain([absurd]).collect::<Vec<_>>(), 10, window());
    assert_eq!(found.iter().map(|e| e.members.len()).collect::<Vec<_>>(), [10]);
}

#[test]
fn a_million_changes_in_one_window_are_one_episode_and_those_of_one_point_none() {
    let crowded: Vec<_> = (0..1_000_000).map(|i| (at(i as i64 % 15), i * 7 % 5000)).collect();
    let found = episodes(&crowded, 10, window());
    assert_eq!(found.iter().map(|e| e.members.len()).collect::<Vec<_>>(), [5000]);
    let nervous: Vec<_> =
        (0..1_000_000).map(|i| (midnight() + Duration::milliseconds(2000 * i), usize::MAX)).collect();
    assert!(episodes(&nervous, 10, window()).is_empty());
}

/// A week of noise with a daily cycle, changed by `change` (bucket, value).
fn week(change: impl Fn(usize, f64) -> f64) -> Vec<f32> {
    let mut noise = Noise::new(2);
    let value = |i: usize, noise: f64| 3.0 * (i as f64 / 96.0 * std::f64::consts::TAU).sin() + 0.2 * noise;
    (0..672).map(|i| change(i, value(i, noise.next())) as f32).collect()
}

#[test]
fn a_lasting_step_is_found_where_it_happened() {
    let stepped = week(|i, v| if i >= 300 { v + 12.0 } else { v });
    assert_eq!(behavior_changes(&stepped, &from(midnight())), [(at(300 * 15), Direction::Up)]);
    // Half-way through a bucket, and with gaps beside it.
    let mut split = week(|i, v| {
        if i > 300 {
            v + 12.0
        } else if i == 300 {
            v + 7.0
        } else {
            v
        }
    });
    split[297] = f32::NAN;
    split[303] = f32::NAN;
    assert_eq!(behavior_changes(&split, &from(midnight())), [(at(300 * 15), Direction::Up)]);
}

#[test]
fn a_step_down_is_told_as_one() {
    let stepped = week(|i, v| if i >= 300 { v - 12.0 } else { v });
    assert_eq!(behavior_changes(&stepped, &from(midnight())), [(at(300 * 15), Direction::Down)]);
}

#[test]
fn a_switch_that_changed_an_hour_ago_has_changed() {
    let row: Vec<f32> = (0..672).map(|i| if i < 667 { 0.0 } else { 1.0 }).collect();
    let start = at(0);
    assert_eq!(behavior_changes(&row, &from(start)), [(start + Duration::minutes(15 * 667), Direction::Up)]);
}

#[test]
fn cycles_noise_spikes_and_constants_are_no_change() {
    assert!(behavior_changes(&week(|_, v| v), &from(midnight())).is_empty());
    assert!(
        behavior_changes(&week(|i, v| if i == 200 { v + 50.0 } else { v }), &from(midnight())).is_empty()
    );
    assert!(behavior_changes(&[5.0; 672], &from(midnight())).is_empty());
    assert!(behavior_changes(&[f32::NAN; 672], &from(midnight())).is_empty());
    assert!(behavior_changes(&[], &from(midnight())).is_empty());
}

#[test]
fn a_point_that_switches_every_few_hours_does_not_change_its_behaviour() {
    let switching: Vec<f32> = (0..672).map(|i| if i / 12 % 2 == 0 { 0.0 } else { 1.0 }).collect();
    assert!(behavior_changes(&switching, &from(midnight())).is_empty());
}

#[test]
fn on_a_fine_grid_changes_are_told_by_its_buckets_and_at_once_is_short_beside_the_window() {
    let bench = Frame { start: midnight(), bucket_seconds: 2, buckets: 570 };
    let stepped: Vec<f32> =
        (0..570_u16).map(|i| f32::from(i % 7) + if i < 300 { 0.0 } else { 80.0 }).collect();
    assert_eq!(behavior_changes(&stepped, &bench), [(midnight() + Duration::seconds(600), Direction::Up)]);
    assert_eq!(at_once(&bench, window()), bench.length() / 48);
    assert_eq!(at_once(&bench, Duration::seconds(3)), Duration::seconds(3));
    assert_eq!(at_once(&from(midnight()), Duration::hours(9)), Duration::hours(9));
}

/// A turbine at its speed with noise, that stands for a few hours after each trip (its bucket), and a spike of none.
fn tripping(trips: &[usize], seed: u64) -> Vec<f32> {
    let mut noise = Noise::new(seed);
    let stands = |i: usize| trips.iter().any(|trip| (*trip..trip + 10).contains(&i));
    (0..672).map(|i| if stands(i) { 0.0 } else { 9000.0 + 20.0 * noise.next() } as f32).collect()
}

#[test]
fn what_happens_again_and_again_is_found_each_time() {
    for trips in [&[100][..], &[100, 250], &[40, 130, 260, 370, 410, 500, 610]] {
        let rows: Vec<Vec<f32>> = (0..12).map(|point| tripping(trips, point)).collect();
        let changes: Vec<_> = rows
            .iter()
            .enumerate()
            .flat_map(|(i, row)| {
                behavior_changes(row, &from(midnight())).into_iter().map(move |(at, _)| (at, i))
            })
            .collect();
        let found = episodes(&changes, 10, window());
        assert_eq!(found.len(), 2 * trips.len(), "it stops and starts again, {} times", trips.len());
        assert!(found.iter().all(|episode| episode.members.len() == 12));
    }
}

#[test]
fn what_happens_every_morning_is_the_routine_of_the_day() {
    let mut noise = Noise::new(3);
    // From six to six, on five days of the week; on the last day it stops at noon.
    let on = |i: usize| (1..6).contains(&(i / 96)) && (24..72).contains(&(i % 96)) && i < 5 * 96 + 48;
    let row: Vec<f32> =
        (0..672).map(|i| if on(i) { 50.0 } else { 0.0 } + 0.1 * noise.next() as f32).collect();
    let noon = midnight() + Duration::days(5) + Duration::hours(12);
    assert_eq!(behavior_changes(&row, &from(midnight())), [(noon, Direction::Down)]);
}

#[test]
fn samples_tell_the_moment_of_a_change() {
    let at = |minute: i64| midnight() + Duration::minutes(minute);
    let mut noise = Noise::new(4);
    let stepped: Vec<_> =
        (0..45).map(|i| (at(i), if i < 17 { 9000.0 } else { 40.0 } + 5.0 * noise.next())).collect();
    assert_eq!(moment_of_change(&stepped), Some(at(17)));
    assert_eq!(moment_of_change(&[(at(0), 1.0), (at(30), 0.0)]), Some(at(30)), "a switch reports what it is");
    assert_eq!(moment_of_change(&[(at(0), 1.0), (at(5), 1.0)]), None);
    assert_eq!(moment_of_change(&[(at(0), 1.0)]), None);
    assert_eq!(moment_of_change(&[]), None);
}
