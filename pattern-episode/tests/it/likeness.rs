use chrono::Duration;
use pattern_core::domain::{Direction, EPISODE_SCORES, PointChange, Scores};
use pattern_episode::{
    likeness::likeness,
    matching::SAME_KIND,
    profile::{Occurrence, Profile},
};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::support::midnight;

/// Points by number: which way each went, and after how many seconds.
type Changes = BTreeMap<u128, (bool, u16)>;

fn occurrence(changes: &Changes) -> Occurrence {
    let at = |seconds: u16| midnight() + Duration::seconds(i64::from(seconds));
    let change = |(point, (up, after)): (&u128, &(bool, u16))| PointChange {
        point: Uuid::from_u128(*point),
        direction: if *up { Direction::Up } else { Direction::Down },
        at: at(*after),
    };
    let last = changes.values().map(|(_, after)| *after).max().unwrap_or_default();
    Occurrence { starts_at: at(0), ends_at: at(last), changes: changes.iter().map(change).collect() }
}

fn any_changes() -> impl Strategy<Value = Changes> {
    btree_map(0..30_u128, (any::<bool>(), 0..600_u16), 1..20)
}

fn alike(a: &Changes, b: &Changes) -> f64 {
    likeness(&Profile::of(&[occurrence(a)]), &occurrence(b)).likeness
}

proptest! {
    #[test]
    fn two_episodes_are_as_alike_as_each_other_and_each_is_like_itself(a in any_changes(), b in any_changes()) {
        let ab = alike(&a, &b);
        prop_assert!((0.0..=1.0).contains(&ab), "{ab}");
        prop_assert!((ab - alike(&b, &a)).abs() < 1e-12);
        prop_assert!((alike(&a, &a) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn every_part_is_a_share(past in vec(any_changes(), 1..6), now in any_changes()) {
        let past: Vec<Occurrence> = past.iter().map(occurrence).collect();
        let found = likeness(&Profile::of(&past), &occurrence(&now));
        let parts = [Some(found.points), found.direction, found.order, found.duration, Some(found.likeness)];
        for part in parts.into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&part), "{found:?}");
        }
        prop_assert!(found.likeness <= found.points + 1e-12);
    }
}

fn trip() -> Changes {
    (0..12).map(|n| (n, (n % 3 == 0, 10 * n as u16))).collect()
}

#[test]
fn the_same_points_the_other_way_round_are_another_event() {
    let restart = trip().into_iter().map(|(point, (up, after))| (point, (!up, after))).collect();
    let found = likeness(&Profile::of(&[occurrence(&trip())]), &occurrence(&restart));
    assert_eq!((found.points, found.direction, found.likeness), (1.0, Some(0.0), 0.0));
}

#[test]
fn the_same_changes_in_the_opposite_order_are_another_event() {
    let backwards = trip().into_iter().map(|(point, (up, after))| (point, (up, 110 - after))).collect();
    let found = likeness(&Profile::of(&[occurrence(&trip())]), &occurrence(&backwards));
    assert_eq!((found.points, found.direction, found.order), (1.0, Some(1.0), Some(0.0)));
    assert!(found.likeness < SAME_KIND, "{found:?}");
    assert!(!found.in_order);
}

#[test]
fn changes_at_one_moment_have_no_order_and_lose_nothing() {
    let at_once: Changes = trip().into_iter().map(|(point, (up, _))| (point, (up, 0))).collect();
    let found = likeness(&Profile::of(&[occurrence(&trip())]), &occurrence(&at_once));
    assert_eq!((found.order, found.duration, found.likeness), (None, Some(0.0), 1.0));
}

#[test]
fn a_point_that_takes_part_seldom_is_missed_less_than_one_that_always_does() {
    let with = |extra: u128| {
        let mut changes = trip();
        changes.insert(extra, (true, 5));
        occurrence(&changes)
    };
    let past = [with(20), with(20), with(20), with(21)];
    let profile = Profile::of(&past);
    let without_the_usual = likeness(&profile, &with(21)).likeness;
    let without_the_seldom = likeness(&profile, &with(20)).likeness;
    assert!(without_the_seldom > without_the_usual, "{without_the_seldom} {without_the_usual}");
}

#[test]
fn the_scores_are_those_that_the_kind_declares() {
    let Scores(found) = likeness(&Profile::of(&[occurrence(&trip())]), &occurrence(&trip())).into();
    let declared: Vec<&str> = EPISODE_SCORES.iter().map(|score| score.name).collect();
    assert!(found.len() == declared.len() && declared.iter().all(|name| found.contains_key(*name)));
}
