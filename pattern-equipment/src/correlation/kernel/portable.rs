//! Any CPU.

use super::{COLUMNS, Left, Products, Right};

pub(super) fn products(left: Left, right: Right, out: &mut Products) {
    *out = left.offsets.map(|offset| [-offset; COLUMNS]);
    for (rows, columns) in left.words.iter().zip(right) {
        for (sums, row) in out.iter_mut().zip(rows) {
            let row = row.to_le_bytes().map(|byte| i32::from(byte as i8));
            for (sum, column) in sums.iter_mut().zip(&columns.0) {
                let column = column.to_le_bytes().map(i32::from);
                *sum += row[0] * column[0] + row[1] * column[1] + row[2] * column[2] + row[3] * column[3];
            }
        }
    }
}
