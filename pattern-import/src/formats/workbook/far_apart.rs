//! What would make a small workbook a huge one in memory, found before calamine builds it there.

use anyhow::{Context, Result, bail};
use cfb::CompoundFile;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use std::io::{self, BufReader, Read, Seek};
use zip::ZipArchive;

use super::kind::Kind;

/// Cells that calamine may keep at once, full or empty: about 2 GB.
const MOST_CELLS: u64 = 16_000_000;
/// So many times as many cells as hold something take no more place than reading them did.
const EMPTY_TO_FULL: u64 = 8;
/// Few cells are no harm wherever they are.
const FEW_CELLS: u64 = 1_000_000;
/// The texts, styles and lists of a workbook, unpacked; they are kept in memory.
const MOST_OF_A_PART: u64 = 512 << 20;
/// The longest text between two marks of a part that is read piece by piece. A cell of Excel holds 32 767 characters.
const LONGEST_TEXT: usize = 8 << 20;
/// The sheets of an OpenDocument file, unpacked.
const MOST_OF_SHEETS: u64 = 4 << 30;
/// As many as a sheet has.
const ROWS: u64 = 1 << 20;
const COLUMNS: u64 = 16_384;
/// Blanks that one mark stands for.
const MOST_BLANKS: u64 = 32_767;

const FAR_APART: &str = "has cells far apart; delete the stray ones, or save the table as CSV";
const TOO_MANY: &str = "has more cells than can be read at once; save it as xlsx or CSV";

/// Looks through a workbook without keeping it.
pub fn check(kind: Kind, mut bytes: impl Read + Seek) -> Result<()> {
    bytes.rewind()?;
    match kind {
        Kind::Xls => check_xls(bytes),
        Kind::Xlsx | Kind::Xlsb | Kind::Ods => check_parts(kind, bytes),
    }
}

fn check_parts(kind: Kind, bytes: impl Read + Seek) -> Result<()> {
    let mut archive = ZipArchive::new(bytes)?;
    for place in 0..archive.len() {
        let part = archive.by_index(place)?;
        let name = part.name()?.into_owned();
        let is_sheet = name.contains("worksheets/");
        if kind == Kind::Ods {
            if name == "content.xml" {
                check_ods(BufReader::new(part.take(MOST_OF_SHEETS)))?;
            }
        } else if is_sheet && name.ends_with(".xml") {
            check_texts(part, &name)?;
        } else if !is_sheet && is_kept(&name) {
            let unpacked = io::copy(&mut part.take(MOST_OF_A_PART + 1), &mut io::sink())?;
            if unpacked > MOST_OF_A_PART {
                bail!("{name} in it unpacks to more than {} MiB", MOST_OF_A_PART >> 20);
            }
        }
    }
    Ok(())
}

/// Pictures and the like are never looked at.
fn is_kept(name: &str) -> bool {
    [".xml", ".rels", ".bin"].iter().any(|ending| name.ends_with(ending))
}

/// That no text in a sheet is longer than a piece that is kept.
fn check_texts(mut part: impl Read, name: &str) -> Result<()> {
    let (mut buffer, mut length) = (vec![0; 64 << 10], 0);
    loop {
        let read = part.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        let piece = &buffer[..read];
        let longest = length + piece.iter().position(|byte| *byte == b'<').unwrap_or(read);
        if longest > LONGEST_TEXT {
            bail!("{name} in it has a text of more than {} MiB", LONGEST_TEXT >> 20);
        }
        length = match piece.iter().rposition(|byte| *byte == b'<') {
            Some(last) => read - last,
            None => length + read,
        };
    }
}

/// Counts what the repeated rows and cells of an OpenDocument file amount to.
fn check_ods(content: impl io::BufRead) -> Result<()> {
    let mut xml = Reader::from_reader(content);
    xml.config_mut().check_end_names = false;
    let (mut buffer, mut sheet, mut kept) = (Vec::new(), OdsSheet::default(), 0);
    loop {
        buffer.clear();
        let (event, is_empty) = match xml.read_event_into(&mut buffer)? {
            Event::Start(event) => (event, false),
            Event::Empty(event) => (event, true),
            Event::End(event) if event.name().as_ref() == "table:table-row" => {
                sheet.end_row();
                sheet.check(kept)?;
                continue;
            }
            Event::Eof => return Ok(()),
            _ => continue,
        };
        match event.name().as_ref() {
            "table:table" => {
                kept += sheet.cells;
                sheet = OdsSheet::default();
            }
            "table:table-row" => {
                sheet.repeats = number(&event, "table:number-rows-repeated")?.min(ROWS);
                if is_empty {
                    sheet.end_row();
                }
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let repeats = number(&event, "table:number-columns-repeated")?.min(COLUMNS);
                let holds = |name: &str| name.starts_with("office:") || name == "table:formula";
                let is_full = event.attributes().flatten().any(|attribute| holds(attribute.key.as_ref()));
                sheet.cell(repeats, is_full);
            }
            "text:s" if number(&event, "text:c")? > MOST_BLANKS => bail!("a cell of it is full of blanks"),
            _ => {}
        }
        sheet.check(kept)?;
    }
}

fn number(event: &BytesStart<'_>, attribute: &str) -> Result<u64> {
    match event.try_get_attribute(attribute)? {
        Some(said) => said.value.parse().context("a row or cell is repeated, but not said how often"),
        None => Ok(1),
    }
}

/// How far a sheet goes, as its rows come.
#[derive(Debug, Default)]
struct OdsSheet {
    /// Of the row: how often it comes, and how many cells it has up to the last full one and behind it.
    repeats: u64,
    full: u64,
    empty: u64,
    /// Cells of all rows, each once.
    cells: u64,
    /// Rows up to the last full one, and behind it.
    rows: u64,
    empty_rows: u64,
    width: u64,
}

impl OdsSheet {
    fn cell(&mut self, repeats: u64, is_full: bool) {
        match is_full {
            true => self.full = (self.full + self.empty + repeats).min(COLUMNS),
            false => self.empty += repeats,
        }
        if is_full {
            self.empty = 0;
        }
    }

    fn end_row(&mut self) {
        if self.full == 0 {
            // Rows above the first full one are left out.
            self.empty_rows += if self.rows > 0 { self.repeats } else { 0 };
        } else {
            self.rows += self.empty_rows + self.repeats;
            self.empty_rows = 0;
            self.cells += self.full;
            self.width = self.width.max(self.full);
        }
        (self.full, self.empty) = (0, 0);
    }

    /// `kept`: the cells of the sheets before.
    fn check(&self, kept: u64) -> Result<()> {
        let area = self.rows.min(ROWS) * self.width;
        match kept + self.cells.max(area) > MOST_CELLS {
            true if area > EMPTY_TO_FULL * self.cells => bail!("it {FAR_APART}"),
            true => bail!("it {TOO_MANY}"),
            false => Ok(()),
        }
    }
}

/// Looks through the records of an old workbook for where its cells are.
fn check_xls(bytes: impl Read + Seek) -> Result<()> {
    const BEGINNINGS: [u16; 4] = [0x0809, 0x0409, 0x0209, 0x0009];
    /// Numbers, texts, truths and formulas of one cell, and numbers of several side by side.
    const CELLS: [u16; 12] =
        [0x0003, 0x0004, 0x0006, 0x007e, 0x00d6, 0x00fd, 0x0203, 0x0204, 0x0205, 0x0206, 0x027e, 0x0406];
    const SEVERAL: u16 = 0x00bd;
    let mut file = CompoundFile::open(bytes)?;
    let called = |name: &str| {
        file.read_root_storage()
            .map(|entry| entry.name().to_owned())
            .find(|entry| entry.eq_ignore_ascii_case(name))
    };
    let name = called("Workbook").or_else(|| called("Book")).context("there is no workbook in it")?;
    let mut stream = BufReader::new(file.open_stream(name)?);
    let mut sheet = XlsSheet::default();
    let (mut head, mut data) = ([0; 4], Vec::new());
    while let Ok(()) = stream.read_exact(&mut head) {
        let [kind, length] = [[head[0], head[1]], [head[2], head[3]]].map(u16::from_le_bytes);
        data.resize(usize::from(length), 0);
        if stream.read_exact(&mut data).is_err() {
            break;
        }
        let at = |from: usize| Some(u64::from(u16::from_le_bytes([*data.get(from)?, *data.get(from + 1)?])));
        if BEGINNINGS.contains(&kind) {
            sheet = XlsSheet::default();
        } else if let (true, Some(row), Some(column)) =
            (kind == SEVERAL || CELLS.contains(&kind), at(0), at(2))
        {
            let several = if kind == SEVERAL { (data.len() as u64).saturating_sub(6) / 6 } else { 1 };
            sheet.cell(row, column, several);
        }
        if sheet.is_far_apart() {
            bail!("it {FAR_APART}");
        }
    }
    Ok(())
}

/// The corners of a sheet, and how many cells lie between.
#[derive(Debug, Default)]
struct XlsSheet {
    corners: Option<[(u64, u64); 2]>,
    cells: u64,
}

impl XlsSheet {
    fn cell(&mut self, row: u64, column: u64, several: u64) {
        let [(top, left), (bottom, right)] = self.corners.unwrap_or([(row, column); 2]);
        let last = column + several.saturating_sub(1);
        self.corners = Some([(top.min(row), left.min(column)), (bottom.max(row), right.max(last))]);
        self.cells += several;
    }

    fn is_far_apart(&self) -> bool {
        let Some([(top, left), (bottom, right)]) = self.corners else { return false };
        let area = (bottom - top + 1) * (right - left + 1);
        // Cells come row by row; only what is far apart whatever comes later is refused before the end.
        area > FEW_CELLS && area > EMPTY_TO_FULL * self.cells.max(1)
    }
}
