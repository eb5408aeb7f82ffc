//! Tables that stand in columns of spaces under a rule of hyphens, as SQLplus of IP.21, sqlcmd and psql print them.

use anyhow::Result;
use csv::{Writer, WriterBuilder};
use std::{ops::Range, sync::Arc};

use super::{Format, Head, Input, Recognised, Writing};
use crate::{
    columns::Meaning,
    dialect,
    record::{RawPoint, RawSample, Sink},
};

/// Lines before the rule.
const RULE_WITHIN: usize = 20;
/// Lines that are made a table at once.
const CHUNK: usize = 20_000;
const CHUNK_BYTES: usize = 16 << 20;
/// A writer looks through all that is left of a field whenever its buffer is full.
const BUFFER: usize = 1 << 20;

#[derive(Debug)]
struct Ruled {
    header: String,
    columns: Vec<Range<usize>>,
    /// Lines before the first row.
    skip: usize,
    /// What the table is, read as one of commas.
    table: Box<dyn Format>,
}

pub fn recognise(head: &Head<'_>) -> Recognised {
    let lines: Vec<&str> = head.text.lines().collect();
    let at =
        lines.iter().take(RULE_WITHIN).position(|line| !columns(line).is_empty()).filter(|at| *at > 0)?;
    let columns = columns(lines[at]);
    let mut chunk = Chunk::begin(lines[at - 1], &columns).ok()?;
    for (number, line) in lines.iter().enumerate().skip(at + 1) {
        chunk.add(number as u64, line, &columns).ok()?;
    }
    let text = chunk.text().ok()?;
    let rows = dialect::rows(&text, b',', head.rows.len().max(2));
    let of_table = Head { raw: &[], text: &text, separator: b',', rows: &rows, ..*head };
    // What is no table that way may be one in another.
    let table = super::recognise(&of_table)?.ok()?;
    Some(Ok(Box::new(Ruled { header: lines[at - 1].to_owned(), columns, skip: at + 1, table })))
}

/// Where the columns stand, if a line is a rule: two or more runs of hyphens, and nothing else.
fn columns(line: &str) -> Vec<Range<usize>> {
    if !line.contains("--")
        || line.chars().any(|letter| !matches!(letter, '-' | '+' | '|' | ' ' | '\t' | '\r'))
    {
        return Vec::new();
    }
    let letters: Vec<char> = line.trim_end().chars().collect();
    let begins = |at: &usize| letters[*at] == '-' && (*at == 0 || letters[at - 1] != '-');
    let starts: Vec<usize> = (0..letters.len()).filter(begins).collect();
    if starts.len() < 2 {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
}

/// Rows as the text of a table of commas, under their header.
struct Chunk {
    csv: Writer<Vec<u8>>,
    /// The lines in the file that the lines of the text are.
    lines: Vec<u64>,
}

impl Chunk {
    fn begin(header: &str, columns: &[Range<usize>]) -> Result<Self> {
        let mut csv = WriterBuilder::new().buffer_capacity(BUFFER).from_writer(Vec::new());
        csv.write_record(cells(header, columns))?;
        Ok(Self { csv, lines: vec![0] })
    }

    /// Blank lines and what is said of the number of rows are no rows, nor is the header of a further page.
    fn add(&mut self, number: u64, line: &str, columns: &[Range<usize>]) -> Result<()> {
        let bare = line.trim();
        let counts = bare.starts_with('(') && bare.ends_with(')') && bare.contains("row");
        if !bare.is_empty() && !counts && self::columns(line).is_empty() {
            self.csv.write_record(cells(line, columns))?;
            self.lines.push(number + 1);
        }
        Ok(())
    }

    fn text(self) -> Result<String> {
        Ok(String::from_utf8(self.csv.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
    }
}

fn cells(line: &str, columns: &[Range<usize>]) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    let cell = |column: &Range<usize>| {
        let cell = letters.get(column.start..column.end.min(letters.len())).unwrap_or_default();
        cell.iter().collect::<String>().trim_matches([' ', '|', '\t', '\r', '"']).to_owned()
    };
    columns.iter().map(cell).collect()
}

impl Ruled {
    fn hand_on(&self, chunk: Chunk, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let lines = chunk.lines.clone();
        let text = chunk.text()?;
        let input =
            Input { head: Some(&text), separator: b',', has_crlf: false, taken: Arc::default(), ..*input };
        self.table.read(&input, &mut OfLines { sink, lines: &lines })
    }
}

impl Format for Ruled {
    fn title(&self) -> String {
        format!("{}, in ruled columns", self.table.title())
    }

    fn writing(&self) -> Writing {
        Writing::Text
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        self.table.columns()
    }

    fn ignored_columns(&self) -> Vec<String> {
        self.table.ignored_columns()
    }

    fn tags(&self) -> Vec<String> {
        self.table.tags()
    }

    fn set_device(&mut self, device: &str) {
        self.table.set_device(device);
    }

    fn has_samples(&self) -> bool {
        self.table.has_samples()
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut chunk = Chunk::begin(&self.header, &self.columns)?;
        for (number, line) in input.lines()?.enumerate().skip(self.skip) {
            let line = line?;
            if line == self.header {
                continue;
            }
            chunk.add(number as u64, &line, &self.columns)?;
            if chunk.lines.len() > CHUNK || chunk.csv.get_ref().len() > CHUNK_BYTES {
                let full = std::mem::replace(&mut chunk, Chunk::begin(&self.header, &self.columns)?);
                self.hand_on(full, input, sink)?;
            }
        }
        self.hand_on(chunk, input, sink)
    }
}

/// Says in which line of the file what the table hands on stands.
struct OfLines<'a> {
    sink: &'a mut dyn Sink,
    lines: &'a [u64],
}

impl OfLines<'_> {
    fn line(&self, of_table: u64) -> u64 {
        self.lines.get((of_table as usize).saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl Sink for OfLines<'_> {
    fn point(&mut self, line: u64, point: &RawPoint<'_>) -> Result<()> {
        self.sink.point(self.line(line), point)
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        self.sink.sample(point, &RawSample { line: self.line(sample.line), ..*sample })
    }

    fn reject(&mut self, line: u64, reason: &str, row: &str) -> Result<()> {
        self.sink.reject(self.line(line), reason, row)
    }
}
