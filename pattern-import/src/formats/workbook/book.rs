//! The workbooks that calamine reads, and their cells one by one.

use anyhow::{Context, Result, bail};
use calamine::{Cell, Data, DataRef, Ods, Range, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use std::{
    fmt,
    io::Seek,
    sync::{Arc, atomic::AtomicU64},
};

use super::{far_apart, kind::Kind, sheet};
use crate::source::{Seekable, Source};

type Bytes = Box<dyn Seekable>;

/// Those that come as packed parts are read row by row; the other two calamine keeps in memory.
pub enum Book {
    Xlsx(Xlsx<Bytes>),
    Xlsb(Xlsb<Bytes>),
    Xls(Xls<Bytes>),
    Ods(Ods<Bytes>),
}

impl Book {
    /// Looks first whether it can be opened without harm.
    pub fn open_unknown(source: &Source) -> Result<Self> {
        let mut bytes = source.seekable(&Arc::default())?;
        far_apart::check(Kind::of(&mut bytes)?, &mut bytes)?;
        Self::of(bytes)
    }

    pub fn open(source: &Source, taken: &Arc<AtomicU64>) -> Result<Self> {
        Self::of(source.seekable(taken)?)
    }

    fn of(mut bytes: Bytes) -> Result<Self> {
        let kind = Kind::of(&mut bytes)?;
        bytes.rewind()?;
        Ok(match kind {
            Kind::Xls => Self::Xls(Xls::new(bytes)?),
            Kind::Xlsx => Self::Xlsx(Xlsx::new(bytes)?),
            Kind::Xlsb => Self::Xlsb(Xlsb::new(bytes)?),
            Kind::Ods => Self::Ods(Ods::new(bytes)?),
        })
    }

    /// The sheets that a person sees.
    pub fn visible(&self) -> Vec<String> {
        let sheets = match self {
            Self::Xlsx(book) => book.sheets_metadata(),
            Self::Xlsb(book) => book.sheets_metadata(),
            Self::Xls(book) => book.sheets_metadata(),
            Self::Ods(book) => book.sheets_metadata(),
        };
        let shown = |sheet: &&calamine::Sheet| {
            sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
        };
        sheets.iter().filter(shown).map(|sheet| sheet.name.clone()).collect()
    }

    /// The cells of a sheet, in its order.
    pub fn cells(&mut self, name: &str) -> Result<Cells<'_>> {
        let cannot = || format!("cannot read sheet '{name}'");
        let next: Box<dyn FnMut() -> Result<Option<Placed>> + '_> = match self {
            Self::Xlsx(book) => {
                let mut cells = book.worksheet_cells_reader(name).with_context(cannot)?;
                Box::new(move || Ok(cells.next_cell()?.as_ref().map(placed)))
            }
            Self::Xlsb(book) => {
                let mut cells = book.worksheet_cells_reader(name).with_context(cannot)?;
                Box::new(move || Ok(cells.next_cell()?.as_ref().map(placed)))
            }
            Self::Xls(book) => kept(book.worksheet_range(name).with_context(cannot)?),
            Self::Ods(book) => kept(book.worksheet_range(name).with_context(cannot)?),
        };
        Ok(Cells { next })
    }
}

/// Row and column, from 0, and what the cell holds.
type Placed = (u32, u32, Data);

fn placed(cell: &Cell<DataRef<'_>>) -> Placed {
    let (row, column) = cell.get_position();
    (row, column, Data::from(cell.get_value().clone()))
}

fn kept(range: Range<Data>) -> Box<dyn FnMut() -> Result<Option<Placed>>> {
    let (top, left) = range.start().unwrap_or_default();
    let (width, mut at) = (range.width().max(1), 0);
    Box::new(move || {
        let (row, column) = (at / width, at % width);
        at += 1;
        let data = range.get((row, column));
        Ok(data.map(|data| (top + row as u32, left + column as u32, data.clone())))
    })
}

/// The cells of a sheet, one by one.
pub struct Cells<'b> {
    next: Box<dyn FnMut() -> Result<Option<Placed>> + 'b>,
}

impl fmt::Debug for Cells<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cells of a sheet")
    }
}

/// As many columns as Excel has; a cell beyond is the work of no program.
const MOST_COLUMNS: u32 = 16_384;

/// Row and column, from 0, and what the cell shows.
pub type Shown = (u32, u32, String);

impl Cells<'_> {
    /// The next cell that shows something.
    pub fn next(&mut self) -> Result<Option<Shown>> {
        while let Some((row, column, data)) = (self.next)()? {
            if column >= MOST_COLUMNS {
                bail!("a cell of row {} lies beyond the last column that a sheet has", u64::from(row) + 1);
            }
            let shown = sheet::cell(&data);
            if !shown.is_empty() {
                return Ok(Some((row, column, shown)));
            }
        }
        Ok(None)
    }
}
