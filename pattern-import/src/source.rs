//! The files of a folder, whatever they are packed in.

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tempfile::NamedTempFile;
use zip::ZipArchive;

/// What may hold points or samples; anything else that lies about is left alone.
const ENDINGS: [&str; 13] =
    ["csv", "txt", "tsv", "tab", "dat", "asc", "zinc", "trio", "json", "xlsx", "xlsm", "xls", "ods"];
const PACKED: [&str; 2] = ["gz", "zst"];
const BUFFER: usize = 256 * 1024;

/// One file to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// As people know it: `samples.csv.gz`, or `export.zip/TI3101.csv`.
    pub name: String,
    place: Place,
    /// How many bytes there are to read, as they are packed.
    pub size: u64,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Unpacked(Arc<NamedTempFile>),
}

impl Source {
    pub fn of_file(path: &Path) -> Result<Self> {
        let size = path.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Self { name, place: Place::File(path.to_path_buf()), size })
    }

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

fn is_known(ending: &str) -> bool {
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

/// The files of a folder, or the one file that is named, by name; zip archives are opened.
pub fn find(path: &Path) -> Result<Vec<Source>> {
    if !path.exists() {
        bail!("there is no folder or file {}", path.display());
    }
    let mut paths = vec![path.to_path_buf()];
    if path.is_dir() {
        let entries = path.read_dir().with_context(|| format!("cannot read {}", path.display()))?;
        paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        paths.retain(|path| path.is_file() && is_data(path));
        paths.sort();
    }
    let mut sources = Vec::new();
    for path in paths {
        match is_archive(&path)? {
            true => unpack(&path, &mut sources)?,
            false => sources.push(Source::of_file(&path)?),
        }
    }
    refuse_twins(&sources)?;
    Ok(sources)
}

fn is_data(path: &Path) -> bool {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());
    let plain = PACKED.iter().find_map(|ending| name.strip_suffix(&format!(".{ending}"))).unwrap_or(&name);
    let is_ours = name.starts_with('.') || plain.ends_with("rejects.csv");
    !is_ours && plain.rsplit_once('.').is_some_and(|(_, ending)| is_known(ending) || ending == "zip")
}

/// A zip archive that is no workbook: those are zip archives too.
fn is_archive(path: &Path) -> Result<bool> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut first = [0; 4];
    let length = read_up_to(&mut file, &mut first)?;
    if first[..length] != *b"PK\x03\x04" {
        return Ok(false);
    }
    let archive = ZipArchive::new(file).with_context(|| format!("{} is damaged", path.display()))?;
    let is_workbook = archive.file_names().any(|name| name == "[Content_Types].xml" || name == "mimetype");
    Ok(!is_workbook)
}

fn unpack(path: &Path, sources: &mut Vec<Source>) -> Result<()> {
    let damaged = || format!("{} is damaged", path.display());
    let of = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut archive = ZipArchive::new(File::open(path)?).with_context(damaged)?;
    let mut unpacked = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).with_context(damaged)?;
        let is_hidden = member.name().starts_with("__MACOSX/");
        if !member.is_file() || is_hidden || !is_data(Path::new(member.name())) {
            continue;
        }
        let name = format!("{of}/{}", member.name());
        let mut file = NamedTempFile::new().context("cannot make a temporary file")?;
        let size = io::copy(&mut member, &mut file).with_context(|| format!("cannot unpack {name}"))?;
        unpacked.push(Source { name, place: Place::Unpacked(Arc::new(file)), size });
    }
    unpacked.sort_by(|a, b| a.name.cmp(&b.name));
    sources.append(&mut unpacked);
    Ok(())
}

fn refuse_twins(sources: &[Source]) -> Result<()> {
    for (i, source) in sources.iter().enumerate() {
        let twin = sources[..i].iter().find(|other| {
            other.name != source.name
                && other.name.strip_suffix(".gz").or(other.name.strip_suffix(".zst")).unwrap_or(&other.name)
                    == source
                        .name
                        .strip_suffix(".gz")
                        .or(source.name.strip_suffix(".zst"))
                        .unwrap_or(&source.name)
        });
        if let Some(twin) = twin {
            bail!("{} and {} may be the same samples; keep one of them", twin.name, source.name);
        }
    }
    Ok(())
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
