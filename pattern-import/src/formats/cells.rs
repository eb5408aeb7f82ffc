//! What a cell of a table seems to be.

use crate::{
    number::Decimal,
    states,
    value::{self, Cell, Numbers},
};

pub(super) fn is_number(cell: &str) -> bool {
    NUMBERS.parse(cell).is_some()
}

const NUMBERS: Numbers = Numbers { decimal: None, otherwise: Decimal::Point };

/// A number, nothing, or a state of two.
pub(super) fn is_value(cell: &str) -> bool {
    match value::understand(cell, NUMBERS) {
        Cell::Number(_) | Cell::Measured(..) | Cell::Gap => true,
        Cell::Word(word) => states::is_two_state(word),
    }
}
