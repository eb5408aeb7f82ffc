//! Whether 1.234 is a little more than one or a thousand and more: all numbers of a file tell, and those of its likes.

use anyhow::Result;
use std::sync::Arc;

use crate::{
    Survey, SurveyedFile,
    formats::Writing,
    number::{self, Decimal},
    options::Options,
    record::{Enough, RawPoint, RawSample, Sink, unless_enough},
};

/// What the numbers of a file say of their decimal sign.
#[derive(Debug, Default)]
pub struct DecimalSigns {
    /// Numbers that can only have a decimal point, and only a decimal comma.
    sure: [u64; 2],
    /// One point, or one comma, with three digits behind it.
    lone: [u64; 2],
    /// The first such, to be shown.
    example: String,
    /// Thousands without a sign between them: who writes 1234 does not write 1.234 for it.
    is_ungrouped: bool,
}

impl DecimalSigns {
    pub fn see(&mut self, text: &str) {
        if let Some(decimal) = number::told(text) {
            self.sure[decimal as usize] += 1;
        } else if let Some(sign) = number::lone(text) {
            if self.lone == [0, 0] {
                text.clone_into(&mut self.example);
            }
            self.lone[sign as usize] += 1;
        } else {
            self.is_ungrouped = self.is_ungrouped || number::is_ungrouped(text);
        }
    }

    pub fn sure(&self) -> Option<Decimal> {
        match self.sure {
            [0, 0] => None,
            [point, comma] if point >= comma => Some(Decimal::Point),
            _ => Some(Decimal::Comma),
        }
    }

    /// Numbers that could be thousands stand there, and nothing says whether they are.
    fn is_open(&self) -> bool {
        self.sure == [0, 0] && self.lone != [0, 0]
    }

    /// How they are read then: a lone point is a decimal point. A lone comma is a decimal comma, but where commas
    /// separate the columns.
    fn likely(&self, separator: u8) -> Decimal {
        match self.lone {
            [0, _] if separator == b';' => Decimal::Comma,
            _ => Decimal::Point,
        }
    }

    /// Whether a person should hear of it. No one whose columns commas separate writes points between thousands.
    fn is_doubtful(&self, separator: u8) -> bool {
        let is_usual = self.lone[1] == 0 && separator == b',';
        let is_decimal = self.lone[self.likely(separator) as usize] > 0;
        let is_told = is_decimal && self.is_ungrouped && self.lone.contains(&0);
        !is_usual && !is_told
    }
}

/// Looks only for a number that tells.
#[derive(Default)]
struct DecimalScan(DecimalSigns);

impl Sink for DecimalScan {
    fn point(&mut self, _line: u64, _point: &RawPoint<'_>) -> Result<()> {
        Ok(())
    }

    fn sample(&mut self, _point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        self.0.see(sample.value);
        if self.0.sure().is_some() { Err(Enough.into()) } else { Ok(()) }
    }

    fn reject(&mut self, _line: u64, _reason: &str, _row: &str) -> Result<()> {
        Ok(())
    }
}

impl Survey {
    /// Where the beginning leaves open what 1.234 is, the rest is looked through, and then the files with the same
    /// columns: one program wrote them all.
    pub(crate) fn decide_decimals(&mut self, options: &Options) -> Result<()> {
        if options.decimal.is_some() {
            return Ok(());
        }
        for place in 0..self.files.len() {
            let file = &self.files[place];
            if file.taste.decimals.is_open() && !file.is_whole && file.is_written_by_people() {
                let mut scan = DecimalScan::default();
                unless_enough(file.format.read(&file.input(&self.sources, Arc::default()), &mut scan))?;
                self.files[place].numbers.decimal = scan.0.sure();
                self.files[place].taste.decimals = scan.0;
            }
        }
        let sure: Vec<_> =
            self.files.iter().filter_map(|file| Some((file.likeness(), file.numbers.decimal?))).collect();
        let mut doubtful = Vec::new();
        for place in 0..self.files.len() {
            let file = &mut self.files[place];
            if file.numbers.decimal.is_some() {
                continue;
            }
            let likeness = file.likeness();
            if let Some((_, decimal)) = sure.iter().find(|(of, _)| *of == likeness) {
                file.numbers.otherwise = *decimal;
            } else if file.taste.decimals.is_open() {
                let (signs, separator) = (&file.taste.decimals, file.separator);
                file.numbers.decimal = Some(signs.likely(separator));
                if signs.is_doubtful(separator) && file.is_written_by_people() {
                    doubtful.push(place);
                }
            }
        }
        self.say_doubtful(&doubtful);
        Ok(())
    }

    fn say_doubtful(&mut self, doubtful: &[usize]) {
        for decimal in [Decimal::Point, Decimal::Comma] {
            let places: Vec<usize> = doubtful
                .iter()
                .copied()
                .filter(|at| self.files[*at].numbers.decimal == Some(decimal))
                .collect();
            let Some(first) = places.first() else { continue };
            let (name, other) = match decimal {
                Decimal::Point => ("point", "comma"),
                Decimal::Comma => ("comma", "point"),
            };
            self.notes.push(format!(
                "numbers like {} in {} are read with a decimal {name}, which nothing in the file tells; --decimal {other} otherwise",
                self.files[*first].taste.decimals.example,
                self.named(&places)
            ));
        }
    }
}

impl SurveyedFile {
    /// Cells of workbooks are numbers already.
    fn is_written_by_people(&self) -> bool {
        self.format.writing() != Writing::Binary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(texts: &[&str]) -> DecimalSigns {
        let mut signs = DecimalSigns::default();
        texts.iter().for_each(|text| signs.see(text));
        signs
    }

    #[test]
    fn a_lone_point_is_a_decimal_point_and_doubtful_only_where_nothing_tells() {
        for (texts, separator, expected, is_doubtful) in [
            (&["1.234", "12.345"][..], b';', Decimal::Point, true),
            (&["1.234", "1234"], b';', Decimal::Point, false),
            (&["1.234", "12.345"], b',', Decimal::Point, false),
            (&["1,234"], b';', Decimal::Comma, true),
            (&["1,234"], b',', Decimal::Point, true),
        ] {
            let seen = signs(texts);
            assert_eq!(seen.likely(separator), expected, "{texts:?}");
            assert_eq!(seen.is_doubtful(separator), is_doubtful, "{texts:?}");
        }
        assert_eq!(signs(&["1.234", "1.234.567"]).sure(), Some(Decimal::Comma));
    }
}
