//! One file, whatever it is packed in.

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    archive::{Member, Packing},
    stop::{Stop, Stoppable},
};

/// What may hold points or samples; anything else that lies about is left alone.
pub(crate) const ENDINGS: [&str; 14] =
    ["csv", "txt", "tsv", "tab", "dat", "asc", "zinc", "trio", "json", "xlsx", "xlsm", "xlsb", "xls", "ods"];
pub(crate) const PACKED: [&str; 2] = ["gz", "zst"];
const BUFFER: usize = 256 * 1024;
/// Longer names of files are cut; no system makes such.
pub(crate) const MOST_NAME: usize = 500;
/// Of a packed file that must be unpacked as a whole.
const MOST_UNPACKED: u64 = 4 << 30;

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
    /// Ends whatever reads it.
    pub(crate) stop: Stop,
}

/// What formats that jump about read.
pub(crate) trait Seekable: Read + Seek + Send {}
impl<R: Read + Seek + Send> Seekable for R {}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    File(PathBuf),
    Member(Member),
}

impl Source {
    /// The file that is read: of what is in an archive, that.
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::File(path) => path,
            Place::Member(member) => &member.archive,
        }
    }

    fn counted(&self, path: &Path, taken: &Arc<AtomicU64>) -> Result<Counted> {
        let inner = File::open(path).with_context(|| format!("cannot read {}", self.name))?;
        Ok(Counted { inner, taken: Arc::clone(taken), stop: self.stop.clone() })
    }

    /// Its bytes, as they are outside of an archive.
    fn bytes(&self, taken: &Arc<AtomicU64>) -> Result<Box<dyn Read + Send>> {
        match &self.place {
            Place::File(path) => Ok(Box::new(self.counted(path, taken)?)),
            Place::Member(member) if member.packing == Packing::Unknown => bail!(
                "{} is encrypted or packed in a way that is not known here; unpack the archive and import the folder",
                self.name
            ),
            Place::Member(member) => {
                let mut archive = self.counted(&member.archive, taken)?;
                archive.inner.seek(SeekFrom::Start(member.start))?;
                Ok(member.unpacked(archive))
            }
        }
    }

    /// What it says, unpacked. Counts the bytes that were taken of it, for the progress.
    pub fn open(&self, taken: &Arc<AtomicU64>) -> Result<Box<dyn Read + Send>> {
        let mut bytes = self.bytes(taken)?;
        let mut first = [0; 4];
        let length =
            read_up_to(&mut bytes, &mut first).with_context(|| format!("cannot read {}", self.name))?;
        let whole = BufReader::with_capacity(BUFFER, Cursor::new(first).take(length as u64).chain(bytes));
        let inner: Box<dyn Read + Send> = match &first[..length] {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(whole)),
            [0x28, 0xb5, 0x2f, 0xfd] => Box::new(
                zstd::stream::read::Decoder::with_buffer(whole)
                    .with_context(|| format!("cannot unpack {}", self.name))?,
            ),
            _ => Box::new(whole),
        };
        Ok(Box::new(Stoppable { inner, stop: self.stop.clone() }))
    }

    /// The same for formats that must jump about in it: what is packed is unpacked into a file without a name.
    pub(crate) fn seekable(&self, taken: &Arc<AtomicU64>) -> Result<Box<dyn Seekable>> {
        if let Place::File(path) = &self.place {
            let mut file = self.counted(path, taken)?;
            let mut first = [0; 4];
            let length = read_up_to(&mut file, &mut first)?;
            file.inner.rewind()?;
            if !matches!(&first[..length], [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd]) {
                return Ok(Box::new(BufReader::new(file)));
            }
        }
        let mut file = tempfile::tempfile().context("cannot make a temporary file")?;
        let unpacked = io::copy(&mut self.open(taken)?.take(MOST_UNPACKED), &mut file)
            .with_context(|| format!("cannot unpack {}", self.name))?;
        if unpacked == MOST_UNPACKED {
            bail!(
                "{} unpacks to more than {} GiB; no workbook is that large",
                self.name,
                MOST_UNPACKED >> 30
            );
        }
        file.rewind()?;
        Ok(Box::new(BufReader::new(Stoppable { inner: file, stop: self.stop.clone() })))
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
    stop: Stop,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check()?;
        let read = self.inner.read(buffer)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
