use chrono::DateTime;
use pattern_core::identity::{Span, carry_episode_ids, carry_ids};
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
};
use std::collections::BTreeSet;
use uuid::Uuid;

fn ids(points: impl IntoIterator<Item = u32>) -> Vec<Uuid> {
    points.into_iter().map(|p| Uuid::from_u128(u128::from(p))).collect()
}

fn cluster(id: u128) -> Uuid {
    Uuid::from_u128(1_000_000 + id)
}

fn alike(a: &[Uuid], b: &[Uuid]) -> f64 {
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    a.intersection(&b).count() as f64 / a.union(&b).count() as f64
}

proptest! {
    #[test]
    fn ids_are_carried_one_to_one_by_groups_that_are_mostly_the_same(
        before in vec(btree_set(0..30_u32, 1..8), 0..8), now in vec(btree_set(0..30_u32, 1..8), 0..8)
    ) {
        let before: Vec<(Uuid, Vec<Uuid>)> =
            before.into_iter().enumerate().map(|(i, p)| (cluster(i as u128), ids(p))).collect();
        let now: Vec<Vec<Uuid>> = now.into_iter().map(ids).collect();
        let carried = carry_ids(&before, &now);
        prop_assert_eq!(carried.len(), now.len());
        let used: Vec<Uuid> = carried.iter().flatten().copied().collect();
        prop_assert_eq!(used.iter().collect::<BTreeSet<_>>().len(), used.len());
        for (group, id) in now.iter().zip(&carried) {
            match id {
                Some(id) => {
                    let (_, points) = before.iter().find(|(known, _)| known == id).unwrap();
                    prop_assert!(alike(points, group) >= 0.5);
                }
                // Nothing that would have fitted is left over.
                None => prop_assert!(
                    before.iter().all(|(id, points)| used.contains(id) || alike(points, group) < 0.5)
                ),
            }
        }
    }
}

#[test]
fn a_cluster_keeps_its_id_while_most_of_its_points_stay() {
    let before = [(cluster(1), ids(0..6)), (cluster(2), ids(10..16))];
    let now = [ids(11..17), ids(2..8), ids(20..25)];
    assert_eq!(carry_ids(&before, &now), [Some(cluster(2)), Some(cluster(1)), None]);
}

#[test]
fn of_two_halves_the_larger_keeps_the_id() {
    let before = [(cluster(1), ids(0..10))];
    assert_eq!(carry_ids(&before, &[ids(0..4), ids(4..10)]), [None, Some(cluster(1))]);
}

fn span(starts: i64, ends: i64) -> Span {
    let at = |minute: i64| DateTime::from_timestamp(60 * minute, 0).unwrap();
    (at(starts), at(ends))
}

#[test]
fn an_episode_keeps_its_id_while_it_grows_and_a_second_one_of_the_same_points_is_another() {
    let (trip, restart) = (cluster(1), cluster(2));
    let before = [(trip, span(0, 10)), (restart, span(120, 130))];
    let grown = [span(120, 145), span(0, 10), span(300, 300)];
    assert_eq!(carry_episode_ids(&before, &grown), [Some(restart), Some(trip), None]);
    // The first one has left the window.
    assert_eq!(carry_episode_ids(&before, &[span(125, 130)]), [Some(restart)]);
}
