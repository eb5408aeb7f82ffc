//! The formats that are known. To add one: a file here with a type that implements [`Format`] and a function
//! `recognise`, and its line in [`KNOWN`].

mod cells;
mod ede;
mod fit;
mod haystack;
mod home_assistant;
mod influx;
mod ip21;
mod long;
mod matrix;
mod pi_datalink;
mod point_list;
mod ruled;
mod table;
mod volttron;
mod wide;
mod workbook;

use anyhow::{Context, Result, anyhow, bail};
use csv::{ByteRecord, ErrorKind, ReaderBuilder, StringRecord};
use encoding_rs::Encoding;
use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    sync::{Arc, atomic::AtomicU64},
};

use crate::{
    columns::Meaning,
    encoding,
    limits::{self, Allowance, Allowed, MOST_COLUMNS, TooLong},
    options::Options,
    record::{RawPoint, RawSample, Sink},
    source::Source,
};

/// The beginning of a file, from which its format is recognised.
#[derive(Debug)]
pub struct Head<'a> {
    pub source: &'a Source,
    /// The other files of the folder.
    pub others: &'a [Source],
    /// The first bytes, unpacked, for formats that are no text.
    pub raw: &'a [u8],
    /// The same as text, up to the last whole line.
    pub text: &'a str,
    pub separator: u8,
    /// The first rows, fields without outer blanks.
    pub rows: &'a [Vec<String>],
    pub options: &'a Options,
}

/// What tells people how a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Its encoding and what separates the columns.
    Table,
    /// Its encoding.
    Text,
    /// Nothing: it is no text.
    Binary,
}

/// How a file is read, once it is known what it is.
pub trait Format: fmt::Debug + Send + Sync {
    /// What people call it: "InfluxDB annotated CSV".
    fn title(&self) -> String;

    /// Which columns are read, and as what.
    fn columns(&self) -> Vec<(Meaning, String)>;

    fn writing(&self) -> Writing {
        Writing::Table
    }

    /// Columns that are not read.
    fn ignored_columns(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it holds samples, or only points.
    fn has_samples(&self) -> bool;

    /// What its columns of values are called, where each tag has one.
    fn tags(&self) -> Vec<String> {
        Vec::new()
    }

    /// The device that all of it is of, which only the file's name says: other files have the same tags.
    fn set_device(&mut self, _device: &str) {}

    /// Hands every point and sample to the sink, in the order of the file. Is called several times for one file: with
    /// its beginning, to look what is in it, and with the whole.
    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()>;
}

/// Nothing where it is not this format, or what is wrong with it though it is.
pub type Recognised = Option<Result<Box<dyn Format>, String>>;

/// Asked in this order; the special ones before the tables of people.
const KNOWN: &[fn(&Head<'_>) -> Recognised] = &[
    workbook::recognise,
    ruled::recognise,
    haystack::recognise,
    influx::recognise,
    volttron::recognise,
    ede::recognise,
    home_assistant::recognise,
    ip21::recognise,
    pi_datalink::recognise,
    table::recognise,
];

pub fn recognise(head: &Head<'_>) -> Recognised {
    KNOWN.iter().find_map(|recognise| recognise(head))
}

/// Rows that are cells already: those of a sheet.
pub trait Rows: fmt::Debug {
    /// The next row that holds something, and its number; nothing at the end.
    fn next(&self, row: &mut StringRecord) -> Result<Option<u64>>;
}

/// A file to read, or its beginning.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    pub source: &'a Source,
    pub others: &'a [Source],
    pub encoding: &'static Encoding,
    pub separator: u8,
    /// Whether lines end in CR LF, which the reader of tables counts late.
    pub has_crlf: bool,
    /// Where only the beginning is to be read: its text.
    pub head: Option<&'a str>,
    /// Of a table that is none of text: its rows.
    pub cells: Option<&'a dyn Rows>,
    /// Counts the bytes that were taken of the file.
    pub taken: Arc<AtomicU64>,
}

impl<'a> Input<'a> {
    /// The text, decoded, from its beginning.
    pub fn text(&self) -> Result<Box<dyn Read + Send + 'a>> {
        match self.head {
            Some(head) => Ok(Box::new(head.as_bytes())),
            None => Ok(encoding::decoded(self.source.open(&self.taken)?, self.encoding)),
        }
    }

    /// The text, of which no more comes than a line or row may have before the allowance is renewed.
    pub fn allowed_text(&self) -> Result<(Allowed<Box<dyn Read + Send + 'a>>, Allowance)> {
        Ok(Allowed::of(self.text()?))
    }

    /// The lines of the text.
    pub fn lines(&self) -> Result<Lines<'a>> {
        let (text, allowance) = self.allowed_text()?;
        Ok(Lines { text: BufReader::new(text), allowance, name: &self.source.name, read: 0 })
    }

    /// Hands on the rows of a table with their lines. A row that is no text is rejected.
    pub fn rows(
        &self,
        sink: &mut dyn Sink,
        mut each: impl FnMut(&mut dyn Sink, u64, &StringRecord) -> Result<()>,
    ) -> Result<()> {
        if let Some(cells) = self.cells {
            let mut row = StringRecord::new();
            while let Some(line) = cells.next(&mut row)? {
                each(sink, line, &row)?;
            }
            return Ok(());
        }
        let (text, allowance) = self.allowed_text()?;
        let mut csv = ReaderBuilder::new()
            .delimiter(self.separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let (mut line, mut late) = (1, 0);
        let mut bytes = ByteRecord::new();
        loop {
            allowance.renew();
            let begins = csv.position().line() + late;
            match csv.read_byte_record(&mut bytes) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) if is_too_long(&error) => {
                    bail!("{}: line {begins} {TooLong} None of its samples were stored", self.source.name)
                }
                Err(error) => {
                    let name = &self.source.name;
                    return Err(error).with_context(|| {
                        format!(
                            "{name} is damaged or cut off near line {line}; none of its samples were stored"
                        )
                    });
                }
            }
            line = bytes.position().map_or(line, csv::Position::line) + late;
            late = u64::from(self.has_crlf);
            if bytes.len() > MOST_COLUMNS {
                let problem =
                    format!("the row has {} fields, and {MOST_COLUMNS} are read at most", bytes.len());
                sink.reject(line, &problem, "")?;
                continue;
            }
            // The record goes to and fro, so that no row takes new memory.
            let row = match StringRecord::from_byte_record(std::mem::take(&mut bytes)) {
                Ok(row) => {
                    each(sink, line, &row)?;
                    row
                }
                Err(error) => {
                    let row = StringRecord::from_byte_record_lossy(error.into_byte_record());
                    each(&mut Garbled { sink, is_said: false }, line, &row)?;
                    row
                }
            };
            bytes = row.into_byte_record();
        }
    }
}

/// Takes what a row says that is not in the file's encoding, and rejects it once. One that is only passed over, as a
/// header is, does no harm.
struct Garbled<'a> {
    sink: &'a mut dyn Sink,
    is_said: bool,
}

impl Garbled<'_> {
    fn refuse(&mut self, line: u64) -> Result<()> {
        if std::mem::replace(&mut self.is_said, true) {
            return Ok(());
        }
        self.sink.reject(line, "is not UTF-8; say in which encoding it is written with --encoding", "")
    }
}

impl Sink for Garbled<'_> {
    fn point(&mut self, line: u64, _point: &RawPoint<'_>) -> Result<()> {
        self.refuse(line)
    }

    fn sample(&mut self, _point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        self.refuse(sample.line)
    }

    fn reject(&mut self, line: u64, _reason: &str, _row: &str) -> Result<()> {
        self.refuse(line)
    }
}

fn is_too_long(error: &csv::Error) -> bool {
    matches!(error.kind(), ErrorKind::Io(error) if limits::is_too_long(error))
}

/// The lines of a text, one by one.
pub struct Lines<'a> {
    text: BufReader<Allowed<Box<dyn Read + Send + 'a>>>,
    allowance: Allowance,
    name: &'a str,
    read: u64,
}

impl Iterator for Lines<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.allowance.renew();
        let (mut line, name, read) = (String::new(), self.name, self.read);
        self.read += 1;
        match self.text.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => {
                let end = line.trim_end_matches('\n');
                let end = end.strip_suffix('\r').unwrap_or(end).len();
                line.truncate(end);
                Some(Ok(line))
            }
            Err(error) if limits::is_too_long(&error) => {
                Some(Err(anyhow!("{name}: line {} {TooLong}", read + 1)))
            }
            Err(error) => Some(Err(error).with_context(|| format!("cannot read {name} behind line {read}"))),
        }
    }
}

/// A row as it is written down where it is rejected.
pub fn as_text(row: &StringRecord) -> String {
    row.iter().collect::<Vec<_>>().join(",")
}
