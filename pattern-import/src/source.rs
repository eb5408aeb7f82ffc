//! One file, whatever it is packed in.

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tempfile::NamedTempFile;

/// What may hold points or samples; anything else that lies about is left alone.
pub(crate) const ENDINGS: [&str; 13] =
    ["csv", "txt", "tsv", "tab", "dat", "asc", "zinc", "trio", "json", "xlsx", "xlsm", "xls", "ods"];
pub(crate) const PACKED: [&str; 2] = ["gz", "zst"];
const BUFFER: usize = 256 * 1024;

/// One file to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// As people know it: `samples.csv.gz`, `AHU-1/samples.csv`, or `export.zip/TI3101.csv`.
    pub name: String,
    /// The folder that it lies in, below the one that is imported: `north/AHU-1`. Those of an archive count as well.
    pub folder: String,
    /// The file on disk below the folder that is imported: of what is in an archive, that.
    pub file_on_disk: String,
    pub(crate) place: Place,
    /// How many bytes there are to read, as they are packed.
    pub size: u64,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    File(PathBuf),
    Unpacked(Arc<NamedTempFile>),
}

impl Source {
    /// The file itself, packed as it is: for formats that must jump about in it.
    pub fn file(&self) -> Result<File> {
        let opened = match &self.place {
            Place::File(path) => File::open(path),
            Place::Unpacked(file) => file.reopen(),
        };
        opened.with_context(|| format!("cannot read {}", self.name))
    }

    /// What it says, unpacked. Counts the bytes that were taken of it, for the progress.
    pub fn open(&self, taken: &Arc<AtomicU64>) -> Result<Box<dyn Read + Send>> {
        let mut file = self.file()?;
        let mut first = [0; 4];
        let length = read_up_to(&mut file, &mut first)?;
        file.rewind()?;
        let buffered = BufReader::with_capacity(BUFFER, Counted { inner: file, taken: Arc::clone(taken) });
        Ok(match &first[..length] {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(buffered)),
            [0x28, 0xb5, 0x2f, 0xfd] => Box::new(
                zstd::stream::read::Decoder::with_buffer(buffered)
                    .with_context(|| format!("cannot unpack {}", self.name))?,
            ),
            _ => Box::new(buffered),
        })
    }

    /// The name without folder and the ending of a packing: `samples.csv`.
    pub fn file_name(&self) -> &str {
        let name = self.name.rsplit('/').next().unwrap_or(&self.name);
        PACKED.iter().find_map(|ending| name.strip_suffix(&format!(".{ending}"))).unwrap_or(name)
    }

    /// The name without any ending: `samples`.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        name.rsplit_once('.').map_or(name, |(stem, ending)| if is_known(ending) { stem } else { name })
    }
}

pub(crate) fn is_known(ending: &str) -> bool {
    ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
}

/// As many bytes as there are, up to the size of the buffer.
pub(crate) fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match from.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

struct Counted {
    inner: File,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
