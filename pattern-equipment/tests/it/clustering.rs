use pattern_core::series::grid::Grid;
use pattern_equipment::{
    clustering::{Associations, ClusterOptions, DetectedCluster, Edge, equipment_clusters},
    correlation::{CorrelationOptions, correlate, high_pass, rank},
};

use super::support::{Noise, grid};

fn correlations(grid: &Grid) -> Vec<Edge> {
    let found = correlate(grid, &CorrelationOptions::default());
    found.pairs.iter().map(|p| (p.a as u32, p.b as u32, p.r)).collect()
}

fn members(clusters: &[DetectedCluster]) -> Vec<Vec<usize>> {
    clusters.iter().map(|c| c.members.clone()).collect()
}

/// A sparse group as naming makes it: a ring.
fn ring(points: &[u32], weight: f32) -> Vec<Edge> {
    (0..points.len()).map(|i| (points[i], points[(i + 1) % points.len()], weight)).collect()
}

/// `sizes.len()` pieces of equipment, each with its own load, all under one daily cycle.
fn plant(sizes: &[usize], seed: u64) -> Grid {
    let mut noise = Noise::new(seed);
    let mut rows = Vec::new();
    for &size in sizes {
        let load = noise.series(672);
        for _ in 0..size {
            let row = (0..672).map(|i| {
                let cycle = 8.0 * (i as f64 / 96.0 * std::f64::consts::TAU).sin();
                (cycle + load[i] + 0.4 * noise.next()) as f32
            });
            rows.push(row.collect());
        }
    }
    grid(&rows)
}

#[test]
fn signals_alone_form_clusters_under_a_daily_cycle_that_all_share() {
    let sizes = [4, 7, 12, 3, 9];
    let grid = plant(&sizes, 5);
    let [level, rank, high_pass] = [&grid, &rank(&grid), &high_pass(&grid)].map(correlations);
    assert!(level.len() > 500, "the cycle ties everything together: {} pairs", level.len());
    let found = equipment_clusters(
        &Associations {
            points: 35,
            level: &level,
            rank: &rank,
            high_pass: &high_pass,
            ..Associations::default()
        },
        &ClusterOptions::default(),
    );
    let mut first = 0;
    let expected: Vec<Vec<usize>> = sizes
        .iter()
        .map(|size| {
            first += size;
            (first - size..first).collect()
        })
        .collect();
    assert_eq!(members(&found), expected);
    assert!(found.iter().all(|c| c.cohesion > 0.5), "{found:?}");
}

#[test]
fn names_alone_form_clusters_of_any_size() {
    let large: Vec<u32> = (0..60).collect();
    let names = [ring(&large, 0.9), ring(&[60, 61, 62], 0.9)].concat();
    let found = equipment_clusters(
        &Associations { points: 64, names: &names, ..Associations::default() },
        &ClusterOptions::default(),
    );
    assert_eq!(members(&found), [(0..60).collect::<Vec<_>>(), vec![60, 61, 62]]);
    assert!((found[0].cohesion - 0.9).abs() < 1e-6, "{}", found[0].cohesion);
}

#[test]
fn names_rule_where_signals_say_otherwise() {
    // Two pumps in lockstep.
    let all: Vec<u32> = (0..12).collect();
    let mut signals = Vec::new();
    for a in 0..12 {
        signals.extend((a + 1..12).map(|b| (a, b, 0.99)));
    }
    let names = [ring(&all[..6], 1.0), ring(&all[6..], 1.0)].concat();
    let found = equipment_clusters(
        &Associations {
            points: 12,
            level: &signals,
            rank: &signals,
            high_pass: &signals,
            names: &names,
            ..Associations::default()
        },
        &ClusterOptions::default(),
    );
    assert_eq!(members(&found), [(0..6).collect::<Vec<_>>(), (6..12).collect()]);
}

#[test]
fn a_point_whose_name_says_nothing_joins_the_equipment_it_moves_with() {
    let names = [ring(&[0, 1, 2, 3], 1.0), ring(&[4, 5, 6, 7], 1.0)].concat();
    let signals = [(8, 4, 0.95), (5, 8, -0.9), (6, 8, 0.7)];
    let found = equipment_clusters(
        &Associations { points: 9, high_pass: &signals, names: &names, ..Associations::default() },
        &ClusterOptions::default(),
    );
    assert_eq!(members(&found), [vec![0, 1, 2, 3], vec![4, 5, 6, 7, 8]]);
}

#[test]
fn weak_names_need_signals_beside_them() {
    let names = ring(&[0, 1, 2, 3, 4, 5, 6, 7], 0.1);
    assert!(
        equipment_clusters(
            &Associations { points: 8, names: &names, ..Associations::default() },
            &ClusterOptions::default()
        )
        .is_empty()
    );
    let signals: Vec<_> = (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b, 0.9))).collect();
    let found = equipment_clusters(
        &Associations { points: 8, high_pass: &signals, names: &names, ..Associations::default() },
        &ClusterOptions::default(),
    );
    assert_eq!(members(&found), [(0..8).collect::<Vec<_>>()]);
}

#[test]
fn what_holds_together_loosely_is_no_cluster() {
    let tied = |weight| -> Vec<_> { (0..6).flat_map(|a| (a + 1..6).map(move |b| (a, b, weight))).collect() };
    let found = |signals: &[(u32, u32, f32)]| {
        let known = Associations { points: 6, high_pass: signals, ..Associations::default() };
        members(&equipment_clusters(&known, &ClusterOptions::default()))
    };
    assert!(found(&tied(0.5)).is_empty());
    assert_eq!(found(&tied(0.7)), [(0..6).collect::<Vec<_>>()]);
}

#[test]
fn points_that_belong_nowhere_are_left_alone() {
    let found = equipment_clusters(
        &Associations {
            points: 5,
            level: &[(0, 1, 0.99)],
            rank: &[(0, 1, 0.99)],
            high_pass: &[(2, 3, 0.99)],
            ..Associations::default()
        },
        &ClusterOptions::default(),
    );
    assert!(found.is_empty(), "two points are no equipment by default: {found:?}");
    let pairs = ClusterOptions { min_points: 2, ..ClusterOptions::default() };
    let found = equipment_clusters(
        &Associations { points: 5, high_pass: &[(0, 1, 0.99), (2, 3, 0.99)], ..Associations::default() },
        &pairs,
    );
    assert_eq!(members(&found), [vec![0, 1], vec![2, 3]]);
}

/// Groups in which everybody moves with everybody.
fn cliques(groups: u32, size: u32) -> Vec<Edge> {
    let of_group = |g: u32| {
        (g * size..(g + 1) * size).flat_map(move |a| (a + 1..(g + 1) * size).map(move |b| (a, b, 0.95)))
    };
    (0..groups).flat_map(of_group).collect()
}

#[test]
fn the_data_says_how_large_its_groups_are() {
    let found = |signals: &[Edge]| {
        let known = Associations { points: 120, high_pass: signals, ..Associations::default() };
        let found = equipment_clusters(&known, &ClusterOptions::default());
        members(&found).iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(found(&cliques(4, 30)), [30; 4]);
    // Each machine moves a little with the next one.
    let along = (0..115).map(|point| (point, point + 5, 0.35));
    assert_eq!(found(&cliques(24, 5).into_iter().chain(along).collect::<Vec<_>>()), [5; 24]);
}

#[test]
fn what_only_outliers_correlate_belongs_to_nothing() {
    let mut noise = Noise::new(8);
    let rows: Vec<Vec<f32>> = (0..4)
        .map(|_| (0..672).map(|i| noise.next() as f32 + if i == 300 { 500.0 } else { 0.0 }).collect())
        .collect();
    let grid = grid(&rows);
    let [level, rank] = [&grid, &rank(&grid)].map(correlations);
    assert_eq!(level.len(), 6, "one spike that all share");
    let names = ring(&[0, 1, 2, 3], 0.3);
    let found = |rank| {
        let known = Associations { points: 4, level: &level, rank, names: &names, ..Associations::default() };
        members(&equipment_clusters(&known, &ClusterOptions::default())).len()
    };
    assert_eq!((found(&rank), found(&level)), (0, 1));
}

#[test]
fn names_that_are_mere_numbers_do_not_rule_over_signals() {
    // Ten pieces of equipment; the numbers in the names group every ten points across all of them.
    let grid = plant(&[10; 10], 21);
    let [level, rank, high_pass] = [&grid, &rank(&grid), &high_pass(&grid)].map(correlations);
    let shuffled: Vec<Edge> =
        (0..10).flat_map(|g| ring(&(0..10).map(|i| i * 10 + g).collect::<Vec<_>>(), 1.0)).collect();
    let found = equipment_clusters(
        &Associations {
            points: 100,
            level: &level,
            rank: &rank,
            high_pass: &high_pass,
            names: &shuffled,
            ..Associations::default()
        },
        &ClusterOptions::default(),
    );
    assert_eq!(members(&found), (0..10).map(|g| (g * 10..g * 10 + 10).collect()).collect::<Vec<Vec<_>>>());
}

#[test]
fn what_a_person_told_overrules_names_and_signals() {
    let signals: Vec<Edge> = ring(&[0, 1, 2, 3, 4, 5], 0.9);
    let names = ring(&[0, 1, 2, 3, 4, 5], 1.0);
    let known = Associations { points: 6, high_pass: &signals, names: &names, ..Associations::default() };
    assert_eq!(members(&equipment_clusters(&known, &ClusterOptions::default())), [[0, 1, 2, 3, 4, 5]]);
    let told = [(0, 7), (2, 7), (4, 7), (1, 9), (3, 9), (5, 9)];
    let told = Associations { confirmed: &told, ..known };
    assert_eq!(members(&equipment_clusters(&told, &ClusterOptions::default())), [[0, 2, 4], [1, 3, 5]]);
}

#[test]
fn what_a_person_took_out_of_a_machine_stays_together_without_it() {
    let names = ring(&[0, 1, 2, 3, 4, 5, 6], 1.0);
    let told = [(0, 7), (1, 7), (2, 7)];
    let known = Associations { points: 7, names: &names, confirmed: &told, ..Associations::default() };
    let excluded = Associations { excluded: &[(3, 7), (4, 7), (5, 7)], ..known };
    let found = members(&equipment_clusters(&excluded, &ClusterOptions::default()));
    assert!(found.contains(&vec![3, 4, 5]) || found.contains(&vec![3, 4, 5, 6]), "{found:?}");
    assert!(found.iter().any(|members| members.starts_with(&[0, 1, 2])), "{found:?}");
}

#[test]
fn one_point_that_was_described_wrongly_joins_no_machines() {
    let groups = [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]];
    let found = |also: &[Edge]| {
        let names = [ring(&groups[0], 1.0), ring(&groups[1], 1.0), also.to_vec()].concat();
        let known = Associations { points: 12, names: &names, ..Associations::default() };
        members(&equipment_clusters(&known, &ClusterOptions::default())).len()
    };
    assert_eq!(found(&[(0, 6, 0.7), (0, 7, 0.7), (0, 8, 0.7)]), 2, "one point says so");
    assert_eq!(found(&[(0, 6, 0.7), (1, 7, 0.7), (2, 8, 0.7)]), 1, "half of both do");
}

/// Three panels of four points each, every point of another template.
fn panels(told: &[(u32, u32)], excluded: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let names = [ring(&[0, 1, 2, 3], 1.0), ring(&[4, 5, 6, 7], 1.0), ring(&[8, 9, 10, 11], 1.0)].concat();
    let templates = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3];
    let known = Associations {
        points: 12,
        names: &names,
        templates: &templates,
        confirmed: told,
        excluded,
        ..Default::default()
    };
    members(&equipment_clusters(&known, &ClusterOptions::default()))
}

#[test]
fn what_was_only_ever_told_apart_is_no_group_at_look_alikes_either() {
    assert_eq!(panels(&[], &[]).len(), 3);
    let meters = [(0, 1), (1, 2), (2, 3), (3, 4)];
    assert_eq!(panels(&meters, &[]), Vec::<Vec<usize>>::new(), "each is a machine of its own");
    let also_together = [meters.as_slice(), &[(4, 5), (5, 5), (6, 5), (7, 5)]].concat();
    assert_eq!(panels(&also_together, &[]), [[4, 5, 6, 7], [8, 9, 10, 11]], "elsewhere they are one machine");
}

#[test]
fn a_stray_point_of_one_machine_tells_nothing_about_the_next() {
    let stray = [(0, 1), (1, 1), (2, 1), (3, 2)];
    assert!(panels(&stray, &[]).contains(&vec![4, 5, 6, 7]));
    let again = [stray.as_slice(), &[(4, 3), (5, 3), (6, 3), (7, 4)]].concat();
    assert!(panels(&again, &[]).contains(&vec![8, 9, 10]), "twice is a habit: {:?}", panels(&again, &[]));
}

#[test]
fn what_was_taken_out_of_two_machines_is_taken_out_of_the_next() {
    let told = [(0, 1), (1, 1), (2, 1)];
    assert!(panels(&told, &[(3, 1)]).contains(&vec![8, 9, 10, 11]), "one may be an accident");
    let twice = [told.as_slice(), &[(4, 2), (5, 2), (6, 2)]].concat();
    assert!(panels(&twice, &[(3, 1), (7, 2)]).contains(&vec![8, 9, 10]));
    let not_always = [twice.as_slice(), &[(7, 2)]].concat();
    assert!(panels(&not_always, &[(3, 1)]).contains(&vec![8, 9, 10, 11]));
}
