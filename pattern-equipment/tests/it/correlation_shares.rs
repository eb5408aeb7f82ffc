use pattern_core::series::{grid::Grid, pairs::Share};
use pattern_equipment::correlation::{
    CorrelationOptions, correlate_changed, correlate_share, merge_shares, rows_to_compute,
};
use proptest::prelude::*;

use super::support::{Noise, grid};

/// Enough for several blocks of the screen.
const POINTS: usize = 900;

/// Rows of a few shared signals, some with gaps, so that most points have more pairs than are kept.
fn noisy(noise: &mut Noise) -> Grid {
    let shared: Vec<Vec<f64>> = (0..6).map(|_| noise.series(64)).collect();
    let rows: Vec<Vec<f32>> = (0..POINTS).map(|i| like(&shared[i % 6], i % 5 == 0, noise)).collect();
    grid(&rows)
}

fn like(signal: &[f64], with_gaps: bool, noise: &mut Noise) -> Vec<f32> {
    let value = |v: &f64| {
        let value = (v + 0.6 * noise.next()) as f32;
        if with_gaps && noise.uniform() < 0.1 { f32::NAN } else { value }
    };
    signal.iter().map(value).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn shares_in_any_order_are_what_is_correlated_at_once(
        seed in any::<u64>(),
        shares in 1..9_usize,
        strongest_per_point in 1..12_usize,
        changed in 0..POINTS,
    ) {
        let options = CorrelationOptions { threshold: 0.5, min_overlap: 8, strongest_per_point };
        let mut noise = Noise::new(seed);
        let mut grid = noisy(&mut noise);
        let first = correlate_changed(&grid, &options, &[], &vec![None; POINTS]);
        let mut counts: Vec<_> = first.counts.into_iter().map(Some).collect();
        for (row, count) in counts.iter_mut().enumerate().take(changed) {
            let signal = noise.series(64);
            grid.values[row * 64..][..64].copy_from_slice(&like(&signal, row % 7 == 0, &mut noise));
            *count = None;
        }

        let at_once = correlate_changed(&grid, &options, &first.pairs, &counts);
        let computed = rows_to_compute(&first.pairs, &counts);
        let mut parts: Vec<_> = (0..shares)
            .map(|number| correlate_share(&grid, &options, &computed, Share { number, of: shares }))
            .collect();
        parts.rotate_left(seed as usize % shares);
        let merged = merge_shares(&grid.points, &options, &first.pairs, &counts, computed, parts);
        prop_assert_eq!(merged.pairs, at_once.pairs);
        prop_assert_eq!(merged.counts, at_once.counts);
        prop_assert_eq!(merged.computed, at_once.computed);
    }
}

#[test]
fn every_share_has_its_part_of_the_work() {
    let grid = noisy(&mut Noise::new(3));
    let options = CorrelationOptions { threshold: 0.5, min_overlap: 8, strongest_per_point: 64 };
    let found =
        |number| correlate_share(&grid, &options, &[true; POINTS], Share { number, of: 3 }).pairs.len();
    let (parts, all) =
        ([0, 1, 2].map(found), correlate_share(&grid, &options, &[true; POINTS], Share::ALL).pairs.len());
    assert!(parts.iter().all(|part| part * 6 > all), "{parts:?} of {all}");
}
