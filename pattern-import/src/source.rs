//! The files of a folder, whatever they are packed in.

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use zip::ZipArchive;

use crate::{
    archive::{self, Member, Packing},
    limits::MOST_FILES,
    shown::shown_up_to,
    stop::{Stop, Stoppable},
};

/// What may hold points or samples; anything else that lies about is left alone.
const ENDINGS: [&str; 14] =
    ["csv", "txt", "tsv", "tab", "dat", "asc", "zinc", "trio", "json", "xlsx", "xlsm", "xlsb", "xls", "ods"];
const PACKED: [&str; 2] = ["gz", "zst"];
const BUFFER: usize = 256 * 1024;
/// Longer names of files are cut; no system makes such.
const MOST_NAME: usize = 500;
/// Of a packed file that must be unpacked as a whole.
const MOST_UNPACKED: u64 = 4 << 30;

/// One file to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// As people know it: `samples.csv.gz`, or `export.zip/TI3101.csv`.
    pub name: String,
    place: Place,
    /// How many bytes there are to read, as they are packed.
    pub size: u64,
    /// Ends whatever reads it.
    pub(crate) stop: Stop,
}

/// What formats that jump about read.
pub(crate) trait Seekable: Read + Seek + Send {}
impl<R: Read + Seek + Send> Seekable for R {}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Member(Member),
}

impl Source {
    pub fn of_file(path: &Path) -> Result<Self> {
        let size = path.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Self::at(&name, Place::File(path.to_path_buf()), size))
    }

    fn at(name: &str, place: Place, size: u64) -> Self {
        // It goes to the terminal in many sentences.
        Self { name: shown_up_to(MOST_NAME, name), place, size, stop: Stop::default() }
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

/// What there is to read, by name, and what is left alone.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub sources: Vec<Source>,
    /// (what, why)
    pub refused: Vec<(String, &'static str)>,
}

/// The files of a folder, or the one file that is named; zip archives are opened. Who names a link means what it leads
/// to; one in a folder came with the export, and may lead to what is nobody's business.
pub(crate) fn find(path: &Path, stop: &Stop) -> Result<Found> {
    if !path.exists() {
        bail!("there is no folder or file {}", path.display());
    }
    let mut found = Found::default();
    let mut paths = vec![path.to_path_buf()];
    if path.is_dir() {
        let entries = path.read_dir().with_context(|| format!("cannot read {}", path.display()))?;
        paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        paths.retain(|path| path.is_file() && is_data(path));
        paths.sort();
        let (outside, inside): (Vec<_>, Vec<_>) = paths.into_iter().partition(|file| leads_out(file, path));
        let name =
            |path: &PathBuf| shown_up_to(MOST_NAME, &path.file_name().unwrap_or_default().to_string_lossy());
        found.refused =
            outside.iter().map(|path| (name(path), "is a link that leads out of the folder")).collect();
        paths = inside;
    } else if !path.is_file() {
        // A pipe or a device cannot be looked at first and read then.
        bail!("{} is neither a folder nor a file", path.display());
    }
    for path in paths {
        match is_archive(&path)? {
            true => list(&path, &mut found.sources)?,
            false => found.sources.push(Source::of_file(&path)?),
        }
    }
    if found.sources.len() > MOST_FILES {
        bail!(
            "{} holds {} files, and {MOST_FILES} are read at once; import a part of them at a time, with the same --data-source",
            path.display(),
            found.sources.len()
        );
    }
    refuse_twins(&found.sources)?;
    found.sources.iter_mut().for_each(|source| source.stop = stop.clone());
    Ok(found)
}

/// Whether a file of a folder is a link to something outside of it.
pub(crate) fn leads_out(file: &Path, folder: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let is_inside = || Some(file.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?));
    file.is_symlink() && is_inside() != Some(true)
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
    let is_workbook =
        ["[Content_Types].xml", "mimetype"].iter().any(|name| archive.index_for_name(name).is_some());
    Ok(!is_workbook)
}

fn list(path: &Path, sources: &mut Vec<Source>) -> Result<()> {
    let of = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut listed = Vec::new();
    for (name, member) in archive::members(path)? {
        if name.starts_with("__MACOSX/") || !is_data(Path::new(&name)) {
            continue;
        }
        let packed = member.packed;
        listed.push(Source::at(&format!("{of}/{name}"), Place::Member(member), packed));
    }
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    sources.append(&mut listed);
    Ok(())
}

fn refuse_twins(sources: &[Source]) -> Result<()> {
    let mut known: HashMap<&str, &str> = HashMap::new();
    for Source { name, .. } in sources {
        let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(name);
        if let Some(twin) = known.insert(plain, name) {
            bail!("{twin} and {name} may be the same samples; keep one of them");
        }
    }
    Ok(())
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
