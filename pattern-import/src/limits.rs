//! How much of something real exports have, with room above; what has more is refused with a sentence.

use std::{
    cell::Cell,
    fmt,
    io::{self, Read},
    rc::Rc,
};

/// A header of 50 000 tags takes 1 to 6 MB.
pub const MOST_LINE_BYTES: u64 = 8 << 20;
/// Four times as many as a sheet of Excel has.
pub const MOST_COLUMNS: usize = 65_536;
/// Files of a folder or of an archive: plants of 20 000 tags come with a file for each.
pub const MOST_FILES: usize = 20_000;

/// How many bytes may still come before the line or row ends. Whoever reads rows sets it again at each.
#[derive(Debug, Clone)]
pub struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    pub fn renew(&self) {
        self.0.set(MOST_LINE_BYTES);
    }
}

/// Hands on no more than is allowed: who collects a line, or a field behind a forgotten quote, does not collect the file.
#[derive(Debug)]
pub struct Allowed<R> {
    inner: R,
    allowance: Allowance,
}

impl<R: Read> Allowed<R> {
    pub fn of(inner: R) -> (Self, Allowance) {
        let allowance = Allowance(Rc::new(Cell::new(MOST_LINE_BYTES)));
        (Self { inner, allowance: allowance.clone() }, allowance)
    }
}

impl<R: Read> Read for Allowed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = &self.allowance.0;
        if left.get() == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TooLong));
        }
        let most = buffer.len().min(usize::try_from(left.get()).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..most])?;
        left.set(left.get() - read as u64);
        Ok(read)
    }
}

/// The error of a line that does not end.
#[derive(Debug)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = MOST_LINE_BYTES >> 20;
        write!(
            f,
            "is longer than {most} MiB, which no row of an export is; is a closing quote or a line's end missing?"
        )
    }
}

impl std::error::Error for TooLong {}

/// Whether an error of reading says so.
pub fn is_too_long(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<TooLong>())
}

/// Why the beginning of a table is none that can be read, before anybody tries.
pub fn unwieldy(text: &str, separators: &[u8]) -> Option<String> {
    (1..).zip(text.lines()).find_map(|(number, line): (u64, &str)| {
        if line.len() as u64 > MOST_LINE_BYTES {
            return Some(format!("cannot be read: line {number} {TooLong}"));
        }
        let separated = |by: &u8| line.bytes().filter(|byte| byte == by).count() >= MOST_COLUMNS;
        separators.iter().any(separated).then(|| {
            format!("has more than {MOST_COLUMNS} columns on line {number}, and no more are read; export fewer tags at once")
        })
    })
}
