//! What lies in a zip archive, read where it lies: nothing is unpacked before somebody wants it.

use anyhow::{Context, Result, bail};
use flate2::{CrcReader, bufread::DeflateDecoder};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};
use zip::{CompressionMethod, ZipArchive};

use crate::limits::MOST_FILES;

/// A file in an archive.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub archive: PathBuf,
    pub packing: Packing,
    /// Where its packed bytes begin in the archive, and how many they are.
    pub start: u64,
    pub packed: u64,
    size: u64,
    crc: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Stored,
    Deflated,
    /// Encrypted, or packed as few programs do.
    Unknown,
}

/// The files of an archive with their names in it, in its order.
pub(crate) fn members(path: &Path) -> Result<Vec<(String, Member)>> {
    let damaged = || format!("{} is damaged", path.display());
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).with_context(damaged)?;
    if archive.len() > MOST_FILES {
        bail!(
            "{} holds {} files, and {MOST_FILES} are read at once; unpack it and import a part of it at a time",
            path.display(),
            archive.len()
        );
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).with_context(damaged)?;
        if !member.is_file() {
            continue;
        }
        let packing = match member.compression() {
            _ if member.encrypted() => Packing::Unknown,
            CompressionMethod::Stored => Packing::Stored,
            CompressionMethod::Deflated => Packing::Deflated,
            _ => Packing::Unknown,
        };
        let name = member.name().with_context(damaged)?.into_owned();
        let start = member.data_start().with_context(damaged)?;
        let (packed, size, crc) = (member.compressed_size(), member.size(), member.crc32());
        members.push((name, Member { archive: path.to_path_buf(), packing, start, packed, size, crc }));
    }
    Ok(members)
}

impl Member {
    /// Unpacks what is read of the archive from the member's start on.
    pub fn unpacked(&self, from: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        let packed = BufReader::new(from.take(self.packed));
        let plain: Box<dyn Read + Send> = match self.packing {
            Packing::Deflated => Box::new(DeflateDecoder::new(packed)),
            Packing::Stored | Packing::Unknown => Box::new(packed),
        };
        Box::new(Checked { inner: CrcReader::new(plain), size: self.size, crc: self.crc })
    }
}

/// Says at the end whether it was what was once packed.
struct Checked<R> {
    inner: CrcReader<R>,
    size: u64,
    crc: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let crc = self.inner.crc();
        // The count of bytes begins again at 4 GiB.
        let is_right = crc.sum() == self.crc && crc.amount() == self.size as u32;
        match read {
            0 if !buffer.is_empty() && !is_right => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum in the archive is another"))
            }
            read => Ok(read),
        }
    }
}
