//! What the values and qualities of a file say.

use pattern_core::units::{self, Unit};

use super::{FileSink, MOST_QUALITIES};
use crate::{
    content::{MetQuality, ReadPoint},
    number,
    record::RawSample,
    sample::Symbol,
    states::{MOST_STATES, ShownWord},
    value::Cell,
};

/// From the unit of a sample to that of its point.
#[derive(Debug, Clone, Copy)]
struct Conversion {
    from: Unit,
    to: Unit,
    /// Its place among those that were needed.
    place: usize,
}

/// Neighbours have the same units.
#[derive(Debug, Default)]
pub(super) struct LastUnits {
    of_sample: String,
    of_point: String,
    conversion: Option<Conversion>,
}

impl FileSink<'_, '_> {
    pub(super) fn room_for(&mut self, place: u32, word: &str) -> Result<(), String> {
        let ReadPoint { name, shown, .. } = &mut self.reader.content.points[place as usize];
        if shown.words.len() < MOST_STATES || shown.words.iter().any(|known| known.word == word) {
            return Ok(());
        }
        if let Some(why) = number::written_otherwise(word) {
            return Err(format!("the value '{word}' of '{name}' {why}"));
        }
        shown.is_free_text = true;
        Err(format!("the value '{word}' is free text: '{name}' shows more than {MOST_STATES} different ones"))
    }

    /// A number in the unit of its point. Nothing is stored of what cannot be converted to it.
    fn in_unit_of(&mut self, place: u32, number: f64, unit: &str) -> Result<f64, String> {
        let point = &self.reader.content.points[place as usize];
        if unit.is_empty() || point.unit.is_empty() || point.unit == unit {
            return Ok(number);
        }
        if self.last_units.of_sample != unit || self.last_units.of_point != point.unit {
            let of_point = point.unit.clone();
            let conversion = self.conversion(place, unit)?;
            self.last_units = LastUnits { of_sample: unit.to_owned(), of_point, conversion };
        }
        let Some(Conversion { from, to, place }) = self.last_units.conversion else { return Ok(number) };
        self.reader.content.converted[place].2 += 1;
        from.convert(number, to).ok_or_else(|| format!("the value cannot be converted from {unit}"))
    }

    fn conversion(&mut self, place: u32, unit: &str) -> Result<Option<Conversion>, String> {
        let content = &mut self.reader.content;
        let point = &content.points[place as usize];
        // Of what is no known unit nobody can tell whether it is the same.
        let (Some(from), Some(to)) = (units::parse(unit), units::parse(&point.unit)) else { return Ok(None) };
        if from == to {
            return Ok(None);
        }
        if from.convert(0.0, to).is_none() {
            return Err(format!("the value is in {unit}, but '{}' is in {}", point.name, point.unit));
        }
        let known = content.converted.iter().position(|(of, into, _)| of == unit && *into == point.unit);
        let place = known.unwrap_or_else(|| {
            content.converted.push((unit.to_owned(), point.unit.clone(), 0));
            content.converted.len() - 1
        });
        Ok(Some(Conversion { from, to, place }))
    }

    pub(super) fn value(
        &mut self,
        place: u32,
        cell: Cell<'_>,
        unit: &str,
        sample: &RawSample<'_>,
    ) -> Result<Symbol, String> {
        match cell {
            Cell::Number(number) => {
                let number = self.in_unit_of(place, number, unit)?;
                self.reader.content.points[place as usize].shown.numbers += 1;
                Ok(Symbol::number(number))
            }
            Cell::Measured(number, unit) => {
                let point = &mut self.reader.content.points[place as usize];
                if point.unit.is_empty() {
                    unit.clone_into(&mut point.unit);
                }
                let number = self.in_unit_of(place, number, unit)?;
                self.reader.content.points[place as usize].shown.numbers += 1;
                Ok(Symbol::number(number))
            }
            Cell::Gap => {
                let gaps = &mut self.reader.content.gaps;
                match gaps.get_mut(sample.value) {
                    Some(count) => *count += 1,
                    None => drop(gaps.insert(sample.value.to_owned(), 1)),
                }
                Ok(Symbol::GAP)
            }
            Cell::Word(word) => {
                let next = self.reader.words.len() as u32;
                let id = match self.reader.words.get(word) {
                    Some(id) => *id,
                    None => *self.reader.words.entry(word.to_owned()).or_insert(next),
                };
                let point = &mut self.reader.content.points[place as usize];
                match point.shown.words.iter_mut().find(|shown| shown.id == id) {
                    Some(shown) => shown.count += 1,
                    None => point.shown.words.push(ShownWord {
                        word: word.to_owned(),
                        id,
                        count: 1,
                        first: (self.place, sample.line),
                    }),
                }
                Ok(Symbol::word(id))
            }
        }
    }

    pub(super) fn quality(&mut self, text: &str) -> Result<u32, String> {
        if self.last_quality.1 != u32::MAX && self.last_quality.0 == text {
            return Ok(self.last_quality.1);
        }
        let met = &mut self.reader.content.qualities;
        let place = match self.qualities.get(text) {
            Some(place) => *place,
            None if met.len() >= MOST_QUALITIES => {
                return Err(format!("the quality '{text}' is one of too many different ones"));
            }
            None => {
                let place = met.len() as u32;
                met.push(MetQuality { file: self.place, text: text.to_owned(), count: 0 });
                self.qualities.insert(text.to_owned(), place);
                place
            }
        };
        text.clone_into(&mut self.last_quality.0);
        self.last_quality.1 = place;
        Ok(place)
    }
}
