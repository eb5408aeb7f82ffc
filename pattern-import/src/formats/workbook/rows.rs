//! The rows of a sheet out of its cells. Rows and columns that hold nothing take no place, however many they are: a
//! stray cell far below the table is one row more.

use anyhow::{Result, bail};
use csv::{StringRecord, WriterBuilder};
use std::cell::RefCell;

use super::book::{Cells, Shown};
use crate::formats::Rows;

/// Rows of a sheet that tell what it is.
pub const HEAD_ROWS: usize = 200;
/// A cell further to the right than this of the one before is no part of the table.
const WIDEST_GAP: u32 = 256;
/// A writer looks through all that is left of a field whenever its buffer is full.
const BUFFER: usize = 1 << 20;
/// A row that has more names columns again and again.
const MOST_CELLS: usize = 65_536;

/// Columns, from 0, and what their cells show.
type Row = Vec<(u32, String)>;

/// Where the table of a sheet stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape {
    /// The first column that holds anything.
    from: u32,
    /// Rows are made so long at least: a table has the same columns all along.
    width: usize,
}

/// The first rows of a sheet.
pub struct Beginning {
    /// As the text of a table.
    pub text: String,
    pub rows: Vec<Vec<String>>,
    pub shape: Shape,
}

impl Beginning {
    pub fn of(cells: Cells<'_>) -> Result<Self> {
        let mut cells = ByRow::of(cells);
        let mut found = Vec::new();
        while let Some((_, row)) = cells.row()? {
            found.push(row);
            if found.len() == HEAD_ROWS {
                break;
            }
        }
        let from =
            found.iter().filter_map(|row| row.first()).map(|(column, _)| *column).min().unwrap_or_default();
        let width = found.iter().map(|row| width(row, from)).max().unwrap_or_default();
        let shape = Shape { from, width };
        let (mut csv, mut rows) =
            (WriterBuilder::new().flexible(true).buffer_capacity(BUFFER).from_writer(Vec::new()), Vec::new());
        for row in found {
            let mut record = StringRecord::new();
            shape.write(row, &mut record);
            csv.write_record(&record)?;
            rows.push(record.iter().map(str::to_owned).collect());
        }
        let text = String::from_utf8(csv.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
        Ok(Self { text, rows, shape })
    }
}

/// How long a row is without what stands far off.
fn width(row: &[(u32, String)], from: u32) -> usize {
    let mut end = from;
    for (column, _) in row {
        if column.saturating_sub(end) > WIDEST_GAP {
            break;
        }
        end = column + 1;
    }
    (end - from) as usize
}

impl Shape {
    fn write(self, row: Row, record: &mut StringRecord) {
        record.clear();
        for (column, shown) in row {
            let Some(place) = column.checked_sub(self.from) else { continue };
            while record.len() < place as usize {
                record.push_field("");
            }
            record.push_field(&shown);
        }
        while record.len() < self.width {
            record.push_field("");
        }
    }
}

/// Cells put together row by row.
#[derive(Debug)]
struct ByRow<'b> {
    cells: Cells<'b>,
    /// The first one of the next row.
    next: Option<Shown>,
    /// Whoever reads on behind the end reads what is no sheet.
    is_over: bool,
}

impl<'b> ByRow<'b> {
    fn of(cells: Cells<'b>) -> Self {
        Self { cells, next: None, is_over: false }
    }

    fn cell(&mut self) -> Result<Option<Shown>> {
        if self.next.is_none() && !self.is_over {
            self.next = self.cells.next()?;
            self.is_over = self.next.is_none();
        }
        Ok(self.next.take())
    }

    /// Number, from 0, and cells of the next row that has any.
    fn row(&mut self) -> Result<Option<(u32, Row)>> {
        let Some((number, column, shown)) = self.cell()? else { return Ok(None) };
        let mut row = vec![(column, shown)];
        while let Some((other, column, shown)) = self.cell()? {
            if other != number {
                self.next = Some((other, column, shown));
                break;
            }
            if row.len() == MOST_CELLS {
                bail!("row {} has more cells than a sheet has columns", u64::from(number) + 1);
            }
            row.push((column, shown));
        }
        row.sort_by_key(|(column, _)| *column);
        row.dedup_by_key(|(column, _)| *column);
        Ok(Some((number, row)))
    }
}

/// The rows of a table in a sheet.
#[derive(Debug)]
pub struct SheetRows<'b> {
    cells: RefCell<ByRow<'b>>,
    shape: Shape,
    left: std::cell::Cell<usize>,
}

impl<'b> SheetRows<'b> {
    pub fn new(cells: Cells<'b>, shape: Shape, most: usize) -> Self {
        Self { cells: RefCell::new(ByRow::of(cells)), shape, left: most.into() }
    }
}

impl Rows for SheetRows<'_> {
    fn next(&self, record: &mut StringRecord) -> Result<Option<u64>> {
        if self.left.get() == 0 {
            return Ok(None);
        }
        self.left.set(self.left.get() - 1);
        let Some((number, row)) = self.cells.borrow_mut().row()? else { return Ok(None) };
        self.shape.write(row, record);
        Ok(Some(u64::from(number) + 1))
    }
}
