use pattern_equipment::matching::assign;
use proptest::prelude::*;

/// The best sum over all ways to give rows distinct columns or none.
fn best(profit: &[f64], columns: usize, row: usize, taken: &mut Vec<bool>) -> f64 {
    if row * columns == profit.len() {
        return 0.0;
    }
    let mut most = best(profit, columns, row + 1, taken);
    for column in 0..columns {
        let gain = profit[row * columns + column];
        if !taken[column] && gain > 0.0 {
            taken[column] = true;
            most = most.max(gain + best(profit, columns, row + 1, taken));
            taken[column] = false;
        }
    }
    most
}

proptest! {
    #[test]
    fn the_assignment_is_the_best_of_all(
        (rows, columns, profit) in (1usize..=6, 1usize..=6).prop_flat_map(|(rows, columns)| {
            (Just(rows), Just(columns), prop::collection::vec(-3.0f64..5.0, rows * columns))
        })
    ) {
        let pairs = assign(&profit, columns);
        let found: f64 = pairs.iter().map(|(r, c)| profit[r * columns + c]).sum();
        let expected = best(&profit, columns, 0, &mut vec![false; columns]);
        prop_assert!((found - expected).abs() < 1e-9, "{} of {}", found, expected);
        let mut seen_rows = vec![false; rows];
        let mut seen_columns = vec![false; columns];
        for (r, c) in pairs {
            prop_assert!(!std::mem::replace(&mut seen_rows[r], true));
            prop_assert!(!std::mem::replace(&mut seen_columns[c], true));
        }
    }
}

#[test]
fn nothing_is_assigned_where_nothing_profits() {
    assert!(assign(&[-1.0, 0.0, -2.0, -0.5], 2).is_empty());
    assert!(assign(&[], 3).is_empty());
}
