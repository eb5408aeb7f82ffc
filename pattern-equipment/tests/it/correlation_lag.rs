use pattern_core::series::pairs::Pair;
use pattern_equipment::correlation::{CorrelationOptions, LARGEST_LAG, correlate, lags};
use proptest::{collection::vec, prelude::*};

use super::support::{Noise, grid};

fn pair(r: f32) -> Pair {
    Pair { a: 0, b: 1, r, samples: 0 }
}

#[test]
fn a_row_that_follows_another_has_a_positive_lag_also_when_it_mirrors_it() {
    let mut noise = Noise::new(2);
    let signal = noise.series(400);
    // Slow enough that the shifted rows still correlate.
    let smooth: Vec<f64> = signal.windows(40).map(|w| w.iter().sum::<f64>()).collect();
    let at =
        |shift: usize, sign: f64| smooth[30 - shift..][..300].iter().map(|v| (sign * v) as f32).collect();
    let grid = grid(&[at(0, 1.0), at(3, 1.0), at(7, -1.0), at(20, 1.0)]);
    let options = CorrelationOptions { threshold: 0.3, ..CorrelationOptions::default() };
    let pairs = correlate(&grid, &options).pairs;
    let found: Vec<(usize, usize, i32)> =
        pairs.iter().zip(lags(&grid, &pairs)).map(|(p, lag)| (p.a, p.b, lag)).collect();
    for (a, b, lag) in found {
        let shifts = [0, 3, 7, 20];
        assert_eq!(lag, shifts[b] - shifts[a], "{a} {b}");
    }
    assert!(pairs.len() >= 4, "{pairs:?}");
    assert!(pairs.iter().any(|p| p.r < 0.0));
    let swapped: Vec<Pair> = pairs.iter().map(|p| Pair { a: p.b, b: p.a, ..*p }).collect();
    let mirrored: Vec<i32> = lags(&grid, &pairs).iter().map(|lag| -lag).collect();
    assert_eq!(lags(&grid, &swapped), mirrored);
}

#[test]
fn rows_alike_at_every_shift_have_no_lag() {
    // Two beats of the same length: the sum is as great one period later, but for what the ends take away.
    let beat: Vec<f32> = (0..200).map(|i| if i % 8 < 4 { 1.0 } else { 0.0 }).collect();
    assert_eq!(lags(&grid(&[beat.clone(), beat]), &[pair(1.0)]), [0]);
}

proptest! {
    #[test]
    fn the_lag_is_where_the_sum_of_products_is_greatest(
        rows in vec(vec(prop_oneof![9 => -5.0_f32..5.0, 1 => Just(f32::NAN)], 70), 2),
        positive in any::<bool>(),
    ) {
        let normal = |row: &[f32]| -> Vec<f64> {
            let known: Vec<f64> = row.iter().filter(|v| v.is_finite()).map(|v| f64::from(*v)).collect();
            let mean = known.iter().sum::<f64>() / known.len() as f64;
            row.iter().map(|v| if v.is_finite() { f64::from(*v) - mean } else { 0.0 }).collect()
        };
        let (x, y) = (normal(&rows[0]), normal(&rows[1]));
        let sign = if positive { 1.0 } else { -1.0 };
        let at = |lag: i32| -> f64 {
            (0..70_i32).filter(|t| (0..70).contains(&(t + lag))).map(|t| sign * x[t as usize] * y[(t + lag) as usize]).sum()
        };
        let most = LARGEST_LAG as i32;
        let best = (-most..=most).map(at).fold(f64::NEG_INFINITY, f64::max);
        let found = lags(&grid(&rows), &[pair(sign as f32)])[0];
        prop_assert!((-most..=most).contains(&found));
        prop_assert!(at(found) >= best - 1e-9 * best.abs(), "{found}: {} of {best}", at(found));
    }
}
