//! Workbooks of Excel and OpenDocument: every sheet is a table of its own, and its name says what the points are of.

mod book;
mod far_apart;
mod kind;
mod rows;
mod sheet;

use anyhow::Result;

use self::{
    book::Book,
    rows::{Beginning, HEAD_ROWS, Shape, SheetRows},
    sheet::OfSheet,
};
use super::{Format, Head, Input, Recognised, Writing};
use crate::{columns::Meaning, record::Sink};

#[derive(Debug)]
struct Tables {
    sheets: Vec<Table>,
    /// Sheets without a table.
    others: Vec<String>,
}

/// A sheet that is a table.
#[derive(Debug)]
struct Table {
    name: String,
    shape: Shape,
    format: Box<dyn Format>,
    /// Whether other sheets have the same tags: its name tells them apart, or is that of a month of them.
    is_one_of_several: bool,
}

pub fn recognise(head: &Head<'_>) -> Recognised {
    let is_zip = head.raw.starts_with(b"PK\x03\x04");
    let is_compound = head.raw.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    if !is_zip && !is_compound {
        return None;
    }
    Some(tables(head).map(|tables| Box::new(tables) as Box<dyn Format>))
}

fn tables(head: &Head<'_>) -> Result<Tables, String> {
    let cannot = |error: anyhow::Error| {
        format!("is a workbook that cannot be read ({error:#}); save it again, without a password")
    };
    let mut book = Book::open_unknown(head.source).map_err(cannot)?;
    let (mut sheets, mut others, mut problem, mut firsts) = (Vec::new(), Vec::new(), None, Vec::new());
    for name in book.visible() {
        let Beginning { text, rows, shape } =
            book.cells(&name).and_then(Beginning::of).map_err(|error| format!("{error:#}"))?;
        let of_sheet = Head { raw: &[], text: &text, separator: b',', rows: &rows, ..*head };
        match super::recognise(&of_sheet).filter(|_| !rows.is_empty()) {
            // What is read as lines of text is no sheet.
            Some(Ok(format)) if format.writing() == Writing::Table => {
                firsts.push(sheet::first_time(&rows));
                sheets.push(Table { name, shape, format, is_one_of_several: false });
            }
            Some(Err(said)) if !rows.is_empty() => {
                problem.get_or_insert(format!("{said} (sheet '{name}')"));
                others.push(name);
            }
            _ => others.push(name),
        }
    }
    if sheets.is_empty() {
        return Err(problem.unwrap_or_else(|| "has no sheet that is a table of points or samples".into()));
    }
    let mut tables = Tables { sheets, others };
    tables.set_devices(&firsts);
    Ok(tables)
}

impl Tables {
    /// Sheets with the same tags that begin at the same time are of one device each; those that go on where
    /// another ended are one table.
    fn set_devices(&mut self, firsts: &[String]) {
        let tags: Vec<_> = self.sheets.iter().map(|table| table.format.tags()).collect();
        for (place, table) in self.sheets.iter_mut().enumerate() {
            let alike =
                |other: &usize| *other != place && !tags[place].is_empty() && tags[*other] == tags[place];
            let mut others = (0..tags.len()).filter(alike).peekable();
            table.is_one_of_several = others.peek().is_some();
            if others.any(|other| firsts[other] == firsts[place]) {
                table.format.set_device(&table.name);
            }
        }
    }
}

impl Format for Tables {
    fn title(&self) -> String {
        match &self.sheets[..] {
            [table] => format!("workbook, sheet '{}': {}", table.name, table.format.title()),
            [first, ..] => format!(
                "workbook of {} sheets like '{}': {}",
                self.sheets.len(),
                first.name,
                first.format.title()
            ),
            [] => "workbook".into(),
        }
    }

    fn writing(&self) -> Writing {
        Writing::Binary
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        let mut columns: Vec<_> = self.sheets.iter().flat_map(|table| table.format.columns()).collect();
        columns.sort();
        columns.dedup();
        columns
    }

    fn ignored_columns(&self) -> Vec<String> {
        let mut ignored: Vec<_> =
            self.sheets.iter().flat_map(|table| table.format.ignored_columns()).collect();
        ignored.sort();
        ignored.dedup();
        ignored.extend(self.others.iter().map(|sheet| format!("sheet '{sheet}'")));
        ignored
    }

    fn has_samples(&self) -> bool {
        self.sheets.iter().any(|table| table.format.has_samples())
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut book = Book::open(input.source, &input.taken)?;
        let most = if input.head.is_some() { HEAD_ROWS } else { usize::MAX };
        for table in &self.sheets {
            let rows = SheetRows::new(book.cells(&table.name)?, table.shape, most);
            let of_sheet = Input { cells: Some(&rows), separator: b',', ..input.clone() };
            table.format.read(&of_sheet, &mut OfSheet { sink, table })?;
        }
        Ok(())
    }
}
