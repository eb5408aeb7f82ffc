//! PostgreSQL's binary COPY format for sample rows (at, value, batch, point, quality).

use crate::{Result, StoreError};

/// Microseconds from 1970 to 2000, where PostgreSQL's clock starts.
const EPOCH_SHIFT: i64 = 946_684_800_000_000;
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
const FIELDS: i16 = 5;
const END: i16 = -1;

/// Bytes of one row: field count, then length and value of each field.
pub(super) const ROW_BYTES: usize = 2 + 5 * 4 + 8 + 8 + 8 + 4 + 2;

/// A row of a hot or late table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub at_micros: i64,
    pub value: f64,
    pub batch: i64,
    pub point: i32,
    pub quality: i16,
}

pub(super) fn start(out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[0; 8]); // no flags, no header extension
}

pub(super) fn finish(out: &mut Vec<u8>) {
    out.extend_from_slice(&END.to_be_bytes());
}

pub(super) fn push(out: &mut Vec<u8>, row: &Row) {
    let mut bytes = [0; ROW_BYTES];
    bytes[0..2].copy_from_slice(&FIELDS.to_be_bytes());
    bytes[2..6].copy_from_slice(&8i32.to_be_bytes());
    bytes[6..14].copy_from_slice(&(row.at_micros - EPOCH_SHIFT).to_be_bytes());
    bytes[14..18].copy_from_slice(&8i32.to_be_bytes());
    bytes[18..26].copy_from_slice(&row.value.to_be_bytes());
    bytes[26..30].copy_from_slice(&8i32.to_be_bytes());
    bytes[30..38].copy_from_slice(&row.batch.to_be_bytes());
    bytes[38..42].copy_from_slice(&4i32.to_be_bytes());
    bytes[42..46].copy_from_slice(&row.point.to_be_bytes());
    bytes[46..50].copy_from_slice(&2i32.to_be_bytes());
    bytes[50..52].copy_from_slice(&row.quality.to_be_bytes());
    out.extend_from_slice(&bytes);
}

/// Takes rows out of a COPY stream that arrives in pieces of any size.
#[derive(Default)]
pub(super) struct RowReader {
    rest: Vec<u8>,
    started: bool,
    ended: bool,
}

impl RowReader {
    pub fn feed(&mut self, piece: &[u8], rows: &mut Vec<Row>) -> Result<()> {
        // PostgreSQL sends one row per message, so mostly a piece is used up where it lies.
        if self.rest.is_empty() {
            let used = self.take(piece, rows)?;
            self.rest.extend_from_slice(&piece[used..]);
        } else {
            let mut joined = std::mem::take(&mut self.rest);
            joined.extend_from_slice(piece);
            let used = self.take(&joined, rows)?;
            self.rest.extend_from_slice(&joined[used..]);
        }
        Ok(())
    }

    pub fn end(self) -> Result<()> {
        if self.ended { Ok(()) } else { Err(StoreError::Unavailable("a copy ended early".into())) }
    }

    fn take(&mut self, bytes: &[u8], rows: &mut Vec<Row>) -> Result<usize> {
        let mut used = 0;
        if !self.started {
            if bytes.len() < 19 {
                return Ok(0);
            }
            if !bytes.starts_with(SIGNATURE) {
                return Err(StoreError::Corrupt("a copy does not start with its signature".into()));
            }
            used = 19 + number(&bytes[15..]) as usize;
            self.started = true;
        }
        loop {
            let left = bytes.get(used..).unwrap_or_default();
            if left.len() < 2 {
                return Ok(used);
            }
            match i16::from_be_bytes([left[0], left[1]]) {
                END => {
                    self.ended = true;
                    return Ok(used + 2);
                }
                FIELDS if left.len() < ROW_BYTES => return Ok(used),
                FIELDS => {
                    rows.push(row(left));
                    used += ROW_BYTES;
                }
                other => {
                    return Err(StoreError::Corrupt(format!("a copied row has {other} fields instead of 5")));
                }
            }
        }
    }
}

fn row(bytes: &[u8]) -> Row {
    let long = |at: usize| {
        let mut field = [0; 8];
        field.copy_from_slice(&bytes[at..at + 8]);
        field
    };
    Row {
        at_micros: i64::from_be_bytes(long(6)) + EPOCH_SHIFT,
        value: f64::from_be_bytes(long(18)),
        batch: i64::from_be_bytes(long(30)),
        point: number(&bytes[42..]),
        quality: i16::from_be_bytes([bytes[50], bytes[51]]),
    }
}

fn number(bytes: &[u8]) -> i32 {
    i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_the_copy_format_in_pieces_of_any_size() {
        let rows: Vec<Row> = (0..50i32)
            .map(|i| Row {
                at_micros: 1_772_409_600_000_000 + i64::from(i) * 7,
                value: f64::from(i) * -0.1,
                batch: i64::from(i) << 33,
                point: i - 25,
                quality: i as i16,
            })
            .collect();
        let mut bytes = Vec::new();
        start(&mut bytes);
        rows.iter().for_each(|row| push(&mut bytes, row));
        finish(&mut bytes);

        for size in [1, 7, 19, 52, 53, 1000, bytes.len()] {
            let (mut reader, mut read) = (RowReader::default(), Vec::new());
            for piece in bytes.chunks(size) {
                reader.feed(piece, &mut read).expect("valid");
            }
            reader.end().expect("complete");
            assert_eq!(read, rows, "pieces of {size}");
        }
    }

    #[test]
    fn a_copy_that_ends_early_is_noticed() {
        let mut bytes = Vec::new();
        start(&mut bytes);
        let mut reader = RowReader::default();
        reader.feed(&bytes, &mut Vec::new()).expect("valid");
        assert!(reader.end().is_err());
    }
}
