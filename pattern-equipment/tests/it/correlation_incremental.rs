use pattern_core::series::{grid::Grid, pairs::Pair};
use pattern_equipment::correlation::{CorrelationOptions, PairCount, correlate, correlate_changed};
use proptest::{collection::vec, prelude::*};

use super::support::{Noise, grid};

const POINTS: usize = 60;

/// What a run leaves for the next: rows by point, pairs and counts by row.
struct Before {
    rows: Vec<(usize, Vec<f32>)>,
    pairs: Vec<Pair>,
    counts: Vec<PairCount>,
}

/// A row of a few shared signals, so that most points have more pairs than are kept.
fn row(noise: &mut Noise, shared: &[Vec<f64>]) -> Vec<f32> {
    let signal = &shared[(noise.uniform() * shared.len() as f64) as usize];
    let gaps = if noise.uniform() < 0.2 { 0.1 } else { 0.0 };
    let value = |v: &f64, noise: &mut Noise| {
        if noise.uniform() < gaps { f32::NAN } else { (v + 0.6 * noise.next()) as f32 }
    };
    signal.iter().map(|v| value(v, noise)).collect()
}

fn numbered(rows: &[(usize, Vec<f32>)]) -> Grid {
    let mut made = grid(&rows.iter().map(|(_, row)| row.clone()).collect::<Vec<_>>());
    made.points = rows.iter().map(|(point, _)| uuid::Uuid::from_u128(*point as u128)).collect();
    made
}

fn again(before: &Before, rows: Vec<(usize, Vec<f32>)>, options: &CorrelationOptions) -> (Before, usize) {
    let place = |point: usize| rows.iter().position(|(p, _)| *p == point);
    let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits());
    let counts: Vec<Option<PairCount>> = rows
        .iter()
        .map(|(point, row)| {
            let old = before.rows.iter().position(|(p, _)| p == point)?;
            same(&before.rows[old].1, row).then(|| before.counts[old])
        })
        .collect();
    let known: Vec<Pair> = before
        .pairs
        .iter()
        .filter_map(|p| {
            let (a, b) = (place(before.rows[p.a].0)?, place(before.rows[p.b].0)?);
            Some(Pair { a: a.min(b), b: a.max(b), ..*p })
        })
        .collect();
    let found = correlate_changed(&numbered(&rows), options, &known, &counts);
    let computed = found.computed.iter().filter(|c| **c).count();
    (Before { rows, pairs: found.pairs, counts: found.counts }, computed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn changes_one_after_the_other_leave_the_pairs_of_a_whole_run(
        seed in any::<u64>(),
        strongest_per_point in 1..12_usize,
        changes in vec((0..POINTS, 0..4_u8), 1..25),
    ) {
        let options = CorrelationOptions { threshold: 0.5, min_overlap: 8, strongest_per_point };
        let mut noise = Noise::new(seed);
        let shared: Vec<Vec<f64>> = (0..4).map(|_| noise.series(64)).collect();
        let rows: Vec<(usize, Vec<f32>)> = (0..POINTS).map(|i| (i, row(&mut noise, &shared))).collect();
        let empty = Before { rows: Vec::new(), pairs: Vec::new(), counts: Vec::new() };
        let (mut before, _) = again(&empty, rows, &options);
        for changes in changes.chunks(3) {
            let mut rows = before.rows.clone();
            for &(at, what) in changes {
                let at = at % rows.len();
                match what {
                    0 => { rows.remove(at); }
                    1 => rows.insert(at, (rows.iter().map(|r| r.0).max().unwrap_or(0) + 1, row(&mut noise, &shared))),
                    // A renamed point stands elsewhere.
                    2 => rows.rotate_left(at),
                    _ => rows[at].1 = row(&mut noise, &shared),
                }
            }
            let (after, _) = again(&before, rows, &options);
            let whole = correlate(&numbered(&after.rows), &options);
            prop_assert_eq!(&after.pairs, &whole.pairs);
            for (count, all) in after.counts.iter().zip(&whole.per_point) {
                prop_assert!(count.kept + count.not_kept >= *all, "{count:?} of {all}");
            }
            before = after;
        }
    }
}

#[test]
fn only_what_changed_or_lost_a_pair_of_many_is_computed_again() {
    // Ten groups of six: each point has five pairs and keeps them all.
    let mut noise = Noise::new(4);
    let shared: Vec<Vec<f64>> = (0..10).map(|_| noise.series(96)).collect();
    let like =
        |signal: &[f64], noise: &mut Noise| signal.iter().map(|v| (v + 0.3 * noise.next()) as f32).collect();
    let rows: Vec<(usize, Vec<f32>)> = (0..POINTS).map(|i| (i, like(&shared[i % 10], &mut noise))).collect();
    let run = |strongest_per_point: usize, rows: &[(usize, Vec<f32>)], changed: Vec<(usize, Vec<f32>)>| {
        let options = CorrelationOptions { threshold: 0.6, min_overlap: 8, strongest_per_point };
        let empty = Before { rows: Vec::new(), pairs: Vec::new(), counts: Vec::new() };
        let (before, all) = again(&empty, rows.to_vec(), &options);
        assert_eq!(all, POINTS);
        again(&before, changed, &options).1
    };
    let mut changed = rows.clone();
    changed[7].1 = like(&shared[3], &mut noise);
    assert_eq!(run(5, &rows, rows.clone()), 0);
    assert_eq!(run(5, &rows, changed.clone()), 1);
    let with_one_kept = run(1, &rows, changed);
    assert!((2..=7).contains(&with_one_kept), "{with_one_kept} rows of the group of the one that left");
}
