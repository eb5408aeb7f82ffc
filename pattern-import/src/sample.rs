//! A sample as it was read: small, so that many can be sorted, and still symbolic, because what a word or a quality
//! means is known only when all is read.

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadSample {
    /// The place of its point.
    pub point: u32,
    /// The place of its quality among all that were met.
    pub quality: u32,
    pub at_micros: i64,
    pub value: Symbol,
}

/// A number, a word by its place, or a gap; in the eight bytes of a number, of which one that is none is not needed.
#[derive(Debug, Clone, Copy)]
pub struct Symbol(u64);

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    Number(f64),
    Word(u32),
    Gap,
}

const NO_NUMBER: u64 = 0xfff8_0000_0000_0000;
const GAP: u64 = NO_NUMBER | 0xffff_ffff;

impl Symbol {
    pub const GAP: Self = Self(GAP);

    /// `value` is finite.
    pub fn number(value: f64) -> Self {
        Self(value.to_bits())
    }

    pub fn word(place: u32) -> Self {
        Self(NO_NUMBER | u64::from(place))
    }

    pub fn reading(self) -> Reading {
        match self.0 {
            GAP => Reading::Gap,
            bits if bits & NO_NUMBER == NO_NUMBER => Reading::Word(bits as u32),
            bits => Reading::Number(f64::from_bits(bits)),
        }
    }

    pub fn to_bits(self) -> u64 {
        self.0
    }

    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl PartialEq for Symbol {
    fn eq(&self, other: &Self) -> bool {
        self.reading() == other.reading()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_symbol_says_what_it_was_made_of(value in proptest::num::f64::NORMAL, word in 0..u32::MAX) {
            let again = |symbol: Symbol| Symbol::from_bits(symbol.to_bits()).reading();
            prop_assert_eq!(again(Symbol::number(value)), Reading::Number(value));
            prop_assert_eq!(again(Symbol::word(word)), Reading::Word(word));
            prop_assert_eq!(again(Symbol::GAP), Reading::Gap);
        }
    }
}
