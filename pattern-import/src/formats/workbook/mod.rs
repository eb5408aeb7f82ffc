//! Workbooks of Excel and OpenDocument: every sheet is a table of its own, and its name says what the points are of.

mod sheet;

use anyhow::{Context, Result, anyhow};
use calamine::{Reader, SheetType, SheetVisible, Sheets, open_workbook_auto_from_rs};
use std::{
    io::{Cursor, Read},
    sync::Arc,
};

use self::sheet::{OfSheet, Sheet};
use super::{Format, Head, Input, Recognised, Writing};
use crate::{columns::Meaning, dialect, record::Sink, source::Source};

/// Rows of a sheet that tell what it is.
const HEAD_ROWS: usize = 200;

type Workbook = Sheets<Cursor<Arc<[u8]>>>;

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
    let mut workbook = open(head.source, &Arc::default()).map_err(|error| {
        format!("is a workbook that cannot be read ({error:#}); save it again, without a password")
    })?;
    let (mut sheets, mut others, mut problem, mut firsts) = (Vec::new(), Vec::new(), None, Vec::new());
    for name in visible(&workbook) {
        let sheet = sheet(&mut workbook, &name, HEAD_ROWS).map_err(|error| format!("{error:#}"))?;
        let rows = dialect::rows(&sheet.text, b',', HEAD_ROWS);
        let of_sheet = Head { raw: &[], text: &sheet.text, separator: b',', rows: &rows, ..*head };
        match super::recognise(&of_sheet).filter(|_| !rows.is_empty()) {
            Some(Ok(format)) => {
                firsts.push(sheet.first_time(&rows));
                sheets.push(Table { name, format, is_one_of_several: false });
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

/// A workbook is read as a whole: its parts point at each other.
fn open(source: &Source, taken: &Arc<std::sync::atomic::AtomicU64>) -> Result<Workbook> {
    let mut bytes = Vec::new();
    source.open(taken)?.read_to_end(&mut bytes).with_context(|| format!("cannot read {}", source.name))?;
    Ok(open_workbook_auto_from_rs(Cursor::new(Arc::from(bytes)))?)
}

/// The sheets that a person sees.
fn visible(workbook: &Workbook) -> Vec<String> {
    let sheets = workbook.sheets_metadata().iter();
    let shown = sheets.filter(|s| s.visible == SheetVisible::Visible && s.typ == SheetType::WorkSheet);
    shown.map(|sheet| sheet.name.clone()).collect()
}

fn sheet(workbook: &mut Workbook, name: &str, most: usize) -> Result<Sheet> {
    let range =
        workbook.worksheet_range(name).map_err(|error| anyhow!("cannot read sheet '{name}': {error}"))?;
    Sheet::of(&range, most)
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
        let mut workbook = open(input.source, &input.taken)?;
        let most = if input.head.is_some() { HEAD_ROWS } else { usize::MAX };
        for table in &self.sheets {
            let sheet = sheet(&mut workbook, &table.name, most)?;
            let of_sheet = Input {
                head: Some(&sheet.text),
                separator: b',',
                has_crlf: false,
                taken: Arc::default(),
                ..*input
            };
            let mut sink = OfSheet { sink, table, rows_above: sheet.rows_above };
            table.format.read(&of_sheet, &mut sink)?;
        }
        Ok(())
    }
}
