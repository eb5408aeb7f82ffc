use std::str::FromStr;
use strum::VariantArray;

/// A closed set of words: an enum that is declared once, and written alike in SQL, in JSON and where people read it.
pub trait Word: Copy + Into<&'static str> + FromStr + VariantArray {
    const ALL: &'static [Self] = Self::VARIANTS;

    fn as_str(self) -> &'static str {
        self.into()
    }

    /// The word that is written so, or which there are.
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| {
            let known: Vec<&str> = Self::ALL.iter().map(|word| word.as_str()).collect();
            format!("'{text}' is none of {}", known.join(", "))
        })
    }
}

impl<T: Copy + Into<&'static str> + FromStr + VariantArray> Word for T {}
