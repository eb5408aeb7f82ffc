/// Pairs of (row, column) whose profits add up to the most; each row and column at most once, and only
/// pairs that profit. `profit` is row-major with `columns` columns. The Hungarian method, O(n³).
pub fn assign(profit: &[f64], columns: usize) -> Vec<(usize, usize)> {
    if columns == 0 || profit.is_empty() {
        return Vec::new();
    }
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
