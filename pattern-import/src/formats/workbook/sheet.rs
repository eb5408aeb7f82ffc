//! A sheet as the text of a table.

use anyhow::Result;
use calamine::{Data, ExcelDateTime, Range};
use csv::WriterBuilder;

use super::Table;
use crate::{
    record::{RawPoint, RawSample, Sink},
    time,
};

/// Names that programs give to sheets, and that say nothing.
const GENERIC: [&str; 22] = [
    "sheet",
    "tabelle",
    "feuil",
    "feuille",
    "hoja",
    "foglio",
    "blad",
    "ark",
    "planilha",
    "arkusz",
    "лист",
    "시트",
    "工作表",
    "table",
    "data",
    "points",
    "point list",
    "samples",
    "values",
    "export",
    "tags",
    "report",
];

#[derive(Debug)]
pub struct Sheet {
    pub text: String,
    /// Empty rows on top, which the text leaves out.
    pub rows_above: u64,
}

impl Sheet {
    pub fn of(range: &Range<Data>, most: usize) -> Result<Self> {
        let mut csv = WriterBuilder::new().flexible(true).from_writer(Vec::new());
        for row in range.rows().take(most) {
            csv.write_record(row.iter().map(cell))?;
        }
        let text = String::from_utf8(csv.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
        Ok(Self { text, rows_above: range.start().map_or(0, |(row, _)| u64::from(row)) })
    }

    /// The first time that the sheet shows.
    pub fn first_time(&self, rows: &[Vec<String>]) -> String {
        rows.iter().flatten().find(|cell| time::is_dated(cell)).cloned().unwrap_or_default()
    }
}

/// What a cell shows, in one line.
fn cell(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            text.trim().replace(['\n', '\r'], " ")
        }
        Data::Float(number) => number.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Bool(on) => on.to_string(),
        Data::DateTime(date) => written(date),
        Data::Error(error) => error.to_string(),
    }
}

/// As a clock shows it. A day alone has no time, and a time of day no day: the two may stand in columns of their own.
fn written(date: &ExcelDateTime) -> String {
    let days = date.as_f64();
    let format = if (0.0..1.0).contains(&days) || date.is_duration() {
        "%H:%M:%S%.f"
    } else if days.fract() == 0.0 {
        "%Y-%m-%d"
    } else {
        "%Y-%m-%d %H:%M:%S%.f"
    };
    date.as_datetime().map_or_else(|| days.to_string(), |date| date.format(format).to_string())
}

/// Adds to what a sheet's table hands on what the sheet says: its name, and where in it that is.
pub struct OfSheet<'a> {
    pub sink: &'a mut dyn Sink,
    pub table: &'a Table,
    pub rows_above: u64,
}

/// Where the table says no group, the sheet is one.
fn group<'t>(table: &'t Table, point: &RawPoint<'t>) -> &'t str {
    let name = table.name.as_str();
    if !point.group.is_empty() || table.is_one_of_several || is_generic(name) { point.group } else { name }
}

fn is_generic(name: &str) -> bool {
    let bare = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || " ()_-".contains(letter));
    bare.is_empty() || GENERIC.contains(&bare.to_lowercase().as_str())
}

impl Sink for OfSheet<'_> {
    fn point(&mut self, line: u64, point: &RawPoint<'_>) -> Result<()> {
        let point = RawPoint { group: group(self.table, point), ..*point };
        self.sink.point(line + self.rows_above, &point)
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        let point = RawPoint { group: group(self.table, point), ..*point };
        self.sink.sample(&point, &RawSample { line: sample.line + self.rows_above, ..*sample })
    }

    fn reject(&mut self, line: u64, reason: &str, row: &str) -> Result<()> {
        self.sink.reject(line + self.rows_above, &format!("{reason} (sheet '{}')", self.table.name), row)
    }
}
