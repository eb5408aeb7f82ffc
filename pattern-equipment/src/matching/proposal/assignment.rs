use std::collections::HashSet;

/// Pairs of (row, column) whose profits add up to the most; each row and column at most once, and only
/// pairs that profit. `profit` is row-major with `columns` columns.
pub fn assign(profit: &[f64], columns: usize) -> Vec<(usize, usize)> {
    if columns == 0 {
        return Vec::new();
    }
    let rows = profit.len() / columns;
    let row = |row: usize| &profit[row * columns..][..columns];
    // Most patterns fit most points not at all: only rows and columns that profit somewhere matter.
    let some_rows: Vec<usize> = (0..rows).filter(|r| row(*r).iter().any(|profit| *profit > 0.0)).collect();
    let best: Vec<usize> = some_rows.iter().map(|r| best_of(row(*r))).collect();
    let wanted: HashSet<&usize> = best.iter().collect();
    if wanted.len() == best.len() {
        // Nobody wants what another one wants: no sum can be more than that of the best of each.
        return some_rows.into_iter().zip(best).collect();
    }
    let some_columns: Vec<usize> =
        (0..columns).filter(|c| some_rows.iter().any(|r| row(*r)[*c] > 0.0)).collect();
    let dense: Vec<f64> = some_rows.iter().flat_map(|r| some_columns.iter().map(|c| row(*r)[*c])).collect();
    let pairs = assign_dense(&dense, some_columns.len()).into_iter();
    pairs.map(|(r, c)| (some_rows[r], some_columns[c])).collect()
}

/// The first of the largest.
fn best_of(row: &[f64]) -> usize {
    let better = |best: usize, at: usize| if row[at] > row[best] { at } else { best };
    (1..row.len()).fold(0, better)
}

/// The Hungarian method, O(n³).
fn assign_dense(profit: &[f64], columns: usize) -> Vec<(usize, usize)> {
    let rows = profit.len() / columns;
    // Leaving a pair out is worth nothing, so every row may also take an idle column of its own.
    let width = columns + rows;
    let cost = |row: usize, column: usize| {
        if column < columns { -profit[row * columns + column].max(0.0) } else { 0.0 }
    };
    // Potentials and matching are 1-based; 0 is the row being placed.
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; width + 1];
    let mut row_of = vec![0; width + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut at = 0;
        let mut slack = vec![f64::INFINITY; width + 1];
        let mut came_from = vec![0; width + 1];
        let mut done = vec![false; width + 1];
        loop {
            done[at] = true;
            let here = row_of[at];
            let (mut least, mut next) = (f64::INFINITY, 0);
            for column in 1..=width {
                if done[column] {
                    continue;
                }
                let reduced = cost(here - 1, column - 1) - row_potential[here] - column_potential[column];
                if reduced < slack[column] {
                    slack[column] = reduced;
                    came_from[column] = at;
                }
                if slack[column] < least {
                    least = slack[column];
                    next = column;
                }
            }
            for column in 0..=width {
                if done[column] {
                    row_potential[row_of[column]] += least;
                    column_potential[column] -= least;
                } else {
                    slack[column] -= least;
                }
            }
            at = next;
            if row_of[at] == 0 {
                break;
            }
        }
        while at != 0 {
            let before = came_from[at];
            row_of[at] = row_of[before];
            at = before;
        }
    }
    let mut pairs: Vec<(usize, usize)> = (1..=columns)
        .filter(|column| row_of[*column] != 0)
        .map(|column| (row_of[column] - 1, column - 1))
        .filter(|(row, column)| profit[row * columns + column] > 0.0)
        .collect();
    pairs.sort_unstable();
    pairs
}
