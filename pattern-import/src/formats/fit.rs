//! Whether a row is one of the table's: what is not is rejected, and never stored under columns that are not its own.

use csv::StringRecord;

use super::cells::is_value;
use crate::columns::{Columns, Meaning, is_known};

/// What a row is.
#[derive(Debug, PartialEq, Eq)]
pub enum Fit {
    Fits,
    /// The header once more.
    Header,
    /// None of the table's, and why.
    Not(String),
}

/// Looks at the rows of a table one after the other.
#[derive(Debug)]
pub struct Fitting<'a> {
    columns: &'a Columns,
    /// Cells of a workbook are not parted by what they hold.
    is_text: bool,
    is_named: bool,
    time: Option<usize>,
    /// The line of another header, under which the rows stand.
    other: Option<u64>,
}

impl<'a> Fitting<'a> {
    pub fn new(columns: &'a Columns, is_text: bool) -> Self {
        let is_named = columns.headers.iter().any(|header| !header.is_empty());
        let time = columns.place(Meaning::Time).or(columns.place(Meaning::Date));
        Self { columns, is_text, is_named, time, other: None }
    }

    pub fn look(&mut self, line: u64, row: &StringRecord) -> Fit {
        if let Some(problem) = swallowed(row).or_else(|| self.too_wide(row)) {
            return Fit::Not(problem);
        }
        if self.is_header(row) {
            if self.is_own_header(row) {
                self.other = None;
                return Fit::Header;
            }
            self.other = Some(line);
        }
        self.other.map_or(Fit::Fits, |header| {
            Fit::Not(format!(
                "stands under another header (line {header}) than the file begins with; put what follows it into a file of its own"
            ))
        })
    }

    /// Something stands where the header names nothing.
    fn too_wide(&self, row: &StringRecord) -> Option<String> {
        let headers = self.columns.headers.len();
        if row.len() <= headers || !self.is_text || row.iter().skip(headers).all(|f| f.trim().is_empty()) {
            return None;
        }
        Some(format!(
            "the row has {} fields, and the header names {headers}; where a decimal comma parts numbers, quote them or \
             export with another separator (--separator says which it is)",
            row.len()
        ))
    }

    /// Where a time should stand, something does that names a column.
    fn is_header(&self, row: &StringRecord) -> bool {
        let Some(place) = self.time else { return false };
        let time = row.get(place).map_or("", str::trim);
        if time.bytes().any(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let own = self.written(place);
        match time {
            "" => self.is_named && own.is_empty() && self.names_only(row),
            time => time.eq_ignore_ascii_case(own) || is_known(time),
        }
    }

    /// Whether the row holds names in most columns, and no value.
    fn names_only(&self, row: &StringRecord) -> bool {
        let cells = || row.iter().map(str::trim).filter(|cell| !cell.is_empty());
        let named = self.columns.headers.iter().filter(|header| !header.is_empty()).count();
        cells().count() * 2 >= named && !cells().any(is_value)
    }

    fn is_own_header(&self, row: &StringRecord) -> bool {
        let cell = |place| row.get(place).map_or("", str::trim);
        (0..row.len().max(self.columns.headers.len()))
            .all(|place| cell(place).eq_ignore_ascii_case(self.written(place)))
    }

    fn written(&self, place: usize) -> &str {
        self.columns.written(place).trim_start_matches('\u{feff}').trim()
    }
}

/// Why a row cannot be what it seems: a forgotten quote swallows the rows behind it, and nobody would miss them.
pub fn swallowed(row: &StringRecord) -> Option<String> {
    let breaks = row.as_slice().bytes().filter(|byte| *byte == b'\n').count();
    (breaks > 0).then(|| format!("a field goes on over {breaks} more lines; is a closing quote missing?"))
}
