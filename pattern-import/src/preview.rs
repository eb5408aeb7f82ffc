//! The first rows of a file as they are understood, for a person to look at.

use chrono::{DateTime, SecondsFormat};

use crate::{
    SurveyedFile,
    formats::Writing,
    number::Decimal,
    quality::{self, Class, Scale},
    taste::Example,
    time::{self, Moment},
    value::{self, Cell},
    zone::Local,
};

/// (line, time, point, value, quality) of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRow {
    pub line: u64,
    pub time: String,
    pub name: String,
    pub value: String,
    pub quality: String,
}

impl SurveyedFile {
    pub fn preview(&self) -> Vec<PreviewRow> {
        let scale = Scale::of_column(&self.quality_header(), self.taste.qualities.iter().map(String::as_str));
        self.taste.examples.iter().map(|example| self.row(example, scale)).collect()
    }

    fn row(&self, example: &Example, scale: Scale) -> PreviewRow {
        let Example { line, name, time, value, quality } = example;
        let cell = value::understand(value, self.numbers);
        let quality = match cell {
            Cell::Gap => Class::Bad,
            _ => quality::understand(quality, scale).class,
        };
        PreviewRow {
            line: *line,
            time: self.time(time),
            name: format!("{}{name}", self.prefix),
            value: match cell {
                Cell::Number(number) => number.to_string(),
                Cell::Measured(number, unit) => format!("{number} {unit}"),
                Cell::Gap => "none".into(),
                Cell::Word(word) => format!("'{word}'"),
            },
            quality: match quality {
                Class::Good => "good",
                Class::Uncertain => "uncertain",
                Class::Bad => "bad",
            }
            .into(),
        }
    }

    fn time(&self, text: &str) -> String {
        let micros = match time::parse(text, self.order.unwrap_or_default()) {
            Err(problem) => return problem,
            Ok(Moment::At(micros)) => Some(micros),
            Ok(Moment::Local(local)) => self.zone.and_then(|zone| zone.utc(local)).map(|when| match when {
                Local::Once(at) | Local::Twice(at, _) | Local::Never(at) => at,
            }),
        };
        let at = micros.and_then(DateTime::from_timestamp_micros);
        at.map_or_else(
            || format!("{text} (of what zone?)"),
            |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        )
    }

    /// How it is read, in one line: `one row per sample; UTF-8, commas; timestamp = TS, value = VALUE`.
    pub fn said(&self) -> String {
        let mut said = self.format.title();
        let (encoding, separator) =
            (crate::encoding::title(self.encoding), crate::dialect::title(self.separator));
        said += &match self.format.writing() {
            Writing::Table => format!("; {encoding}, {separator}"),
            Writing::Text => format!("; {encoding}"),
            Writing::Binary => String::new(),
        };
        if self.numbers.decimal == Some(Decimal::Comma) {
            said += ", decimal comma";
        }
        let columns: Vec<String> = self
            .format
            .columns()
            .into_iter()
            .filter(|(_, header)| !header.is_empty())
            .map(|(meaning, header)| match header.eq_ignore_ascii_case(meaning.word()) {
                true => header,
                false => format!("{} = {header}", meaning.word()),
            })
            .collect();
        if !columns.is_empty() {
            said += &format!("; {}", columns.join(", "));
        }
        if let Some(order) = self.order.filter(|_| self.has_open_dates) {
            said += &format!("; dates {order}");
        }
        if let Some(zone) = self.zone.filter(|_| self.taste.local > 0) {
            said += &format!("; times of {zone}");
        }
        said
    }
}
