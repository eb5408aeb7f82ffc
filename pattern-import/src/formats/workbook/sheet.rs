//! What a sheet's cells show, and what its name says.

use anyhow::Result;
use calamine::{Data, ExcelDateTime};

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

/// The first time that a sheet shows.
pub fn first_time(rows: &[Vec<String>]) -> String {
    rows.iter().flatten().find(|cell| time::is_dated(cell)).cloned().unwrap_or_default()
}

/// What a cell shows, in one line.
pub fn cell(cell: &Data) -> String {
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

/// Adds to what a sheet's table hands on what the sheet says: its name.
pub struct OfSheet<'a> {
    pub sink: &'a mut dyn Sink,
    pub table: &'a Table,
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
        self.sink.point(line, &point)
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        let point = RawPoint { group: group(self.table, point), ..*point };
        self.sink.sample(&point, sample)
    }

    fn reject(&mut self, line: u64, reason: &str, row: &str) -> Result<()> {
        self.sink.reject(line, &format!("{reason} (sheet '{}')", self.table.name), row)
    }
}
