//! What a column's name says, judged by what stands below it.

use std::collections::HashSet;

use super::super::cells::is_number;
use super::Table;
use crate::{
    columns::{Meaning, plain},
    formats::{Format, matrix::Matrix},
    quality, time,
};

/// Nothing else is called so; of other names for a quality (status, flag) anything may be.
const SURELY_QUALITIES: [&str; 17] = [
    "quality",
    "qualitycode",
    "opcquality",
    "qualityflag",
    "dataquality",
    "qualitystatus",
    "qualität",
    "qualitaet",
    "qualite",
    "qualité",
    "calidad",
    "kvalitet",
    "kwaliteit",
    "validity",
    "isgood",
    "isvalid",
    "품질",
];
/// Where an interval ends, whose beginning is the time of the sample.
const ENDS: [&str; 16] = [
    "bis",
    "to",
    "until",
    "till",
    "end",
    "ende",
    "endtime",
    "endzeit",
    "enddatum",
    "zeitbis",
    "datumbis",
    "uhrzeitbis",
    "timeto",
    "hasta",
    "fin",
    "til",
];
const STARTS: [&str; 13] = [
    "von",
    "from",
    "start",
    "starttime",
    "startzeit",
    "startdatum",
    "zeitvon",
    "datumvon",
    "uhrzeitvon",
    "timefrom",
    "desde",
    "debut",
    "fra",
];
/// Fewer rows do not tell whether numbers name or measure.
const ROWS_THAT_TELL: usize = 3;
/// Times of day that make a table one of days.
const MATRIX_COLUMNS: usize = 4;

impl Table<'_> {
    /// A column called status or flag may hold anything; one that holds no quality at all is none.
    pub(super) fn doubt_quality(&mut self) {
        let Some(place) = self.columns.place(Meaning::Quality) else { return };
        let header = plain(&self.columns.headers[place]);
        let is_sure = SURELY_QUALITIES.contains(&header.as_str()) || self.is_said(Meaning::Quality);
        let is_something_else =
            self.cells(place).next().is_some() && !self.cells(place).any(quality::is_quality);
        if !is_sure && is_something_else {
            self.columns.forget(Meaning::Quality);
        }
    }

    /// A number that is another one in every row, at another time in every row, measures or counts; it names nothing.
    pub(super) fn doubt_names(&mut self) {
        let Some(time) = self.columns.place(Meaning::Time).or(self.columns.place(Meaning::Date)) else {
            return;
        };
        let times: HashSet<&str> = self.cells(time).collect();
        let rows = self.cells(time).count();
        let times_repeat = times.len() * 10 < rows * 9 && self.columns.place(Meaning::Clock).is_none();
        for meaning in [Meaning::Name, Meaning::Device, Meaning::Equipment] {
            let Some(place) = self.columns.place(meaning).filter(|_| !self.is_said(meaning)) else {
                continue;
            };
            let different: HashSet<&str> = self.cells(place).collect();
            let count = self.cells(place).count();
            let differs = different.len() * 10 >= count * 9;
            let has_fractions = different.iter().any(|cell| cell.contains(['.', ',']));
            let measures = self.is_column(place, is_number) && (differs || has_fractions);
            if count >= ROWS_THAT_TELL && measures && !times_repeat {
                self.columns.forget(meaning);
            }
        }
    }

    /// What is called ms may be a duration.
    pub(super) fn doubt_milliseconds(&mut self) {
        let Some(place) = self.columns.place(Meaning::Millisecond) else { return };
        let is_part = |cell: &str| cell.len() <= 3 && cell.bytes().all(|byte| byte.is_ascii_digit());
        if !self.cells(place).all(is_part) {
            self.columns.forget(Meaning::Millisecond);
        }
    }

    fn is_said(&self, meaning: Meaning) -> bool {
        self.head.options.columns.iter().any(|(said, _)| *said == meaning)
    }

    /// A date that comes back in many rows is not all that they say of their time: `Datum;Von;Bis`.
    pub(super) fn complete_time(&mut self) {
        let Some(date) = self.columns.place(Meaning::Time).filter(|_| !self.is_said(Meaning::Time)) else {
            return;
        };
        if !self.is_column(date, is_date_alone) {
            return;
        }
        let repeats = self.cells(date).collect::<HashSet<_>>().len() < self.cells(date).count();
        let free: Vec<usize> = (0..self.columns.headers.len())
            .filter(|place| !self.columns.is_taken(*place) && !self.is_called(*place, &ENDS))
            .collect();
        let starts = |place: &usize| self.is_called(*place, &STARTS);
        let clocks: Vec<usize> =
            free.iter().copied().filter(|place| self.is_column(*place, time::is_clock)).collect();
        let dated =
            free.iter().copied().find(|place| starts(place) && self.is_column(*place, time::is_dated));
        let clock = clocks.iter().copied().find(starts);
        let clock = clock.or(clocks.first().copied().filter(|_| clocks.len() == 1 && repeats));
        if let Some(dated) = dated {
            self.columns.set(Meaning::Time, dated);
        } else if let Some(clock) = clock {
            self.columns.forget(Meaning::Time);
            self.columns.set(Meaning::Date, date);
            self.columns.set(Meaning::Clock, clock);
        }
    }

    /// Headers that are times of day: each row is a day.
    pub(super) fn matrix(&mut self) -> Option<Box<dyn Format>> {
        let headers = self.columns.headers.iter().enumerate();
        let clocks: Vec<(usize, String)> = headers
            .filter(|(_, header)| time::is_clock(header))
            .map(|(place, header)| (place, header.clone()))
            .collect();
        self.columns.place(Meaning::Time).filter(|_| clocks.len() >= MATRIX_COLUMNS)?;
        if self.columns.place(Meaning::Name).is_none()
            && let Some(device) = self.columns.place(Meaning::Device)
        {
            self.columns.set(Meaning::Name, device);
        }
        self.columns.forget(Meaning::Value);
        let (columns, skip, tag) = (self.columns.clone(), self.skip(), self.head.source.stem().to_owned());
        Some(Box::new(Matrix { columns, clocks, tag, skip }))
    }

    fn is_called(&self, place: usize, words: &[&str]) -> bool {
        words.contains(&plain(&self.columns.headers[place]).as_str())
    }

    /// What holds times beside the time, or numbers the rows, is no tag.
    pub(super) fn is_beside(&self, place: usize) -> bool {
        let is_end = self.is_called(place, &ENDS) && self.is_column(place, time::is_clock);
        is_end
            || self.is_column(place, time::is_dated)
            || self.is_called(place, &["id"]) && self.counts(place)
    }

    /// Whether each row has the number after that of the row before.
    fn counts(&self, place: usize) -> bool {
        let numbers: Option<Vec<i64>> = self.cells(place).map(|cell| cell.parse().ok()).collect();
        numbers.is_some_and(|numbers| numbers.windows(2).all(|two| two[0].abs_diff(two[1]) == 1))
    }
}

fn is_date_alone(cell: &str) -> bool {
    time::is_dated(cell) && !cell.contains(':')
}
