use strum::VariantArray;

/// A closed set of words: an enum that is declared once, and written alike in SQL, in JSON and where people read it.
pub trait Word: Copy + Into<&'static str> + VariantArray {
    const ALL: &'static [Self] = Self::VARIANTS;

    fn as_str(self) -> &'static str {
        self.into()
    }

    /// The word that is written so, or which there are.
    fn read(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|word| word.as_str()).collect();
            format!("'{text}' is none of {}", known.join(", "))
        })
    }
}

impl<T: Copy + Into<&'static str> + VariantArray> Word for T {}
