//! Reading `samples.csv`, plain or compressed, row by row.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use csv::{ByteRecord, ReaderBuilder};
use flate2::read::MultiGzDecoder;
use pattern_core::domain::{absurd_timestamp, timestamp};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    columns::{Columns, point_name},
    progress::Progress,
    rejects::Rejects,
    sorter::{ReadSample, SampleSorter},
};

const FILES: [&str; 3] = ["samples.csv", "samples.csv.gz", "samples.csv.zst"];
const REQUIRED: [&str; 3] = ["timestamp", "name", "value"];
const OPTIONAL: [&str; 1] = ["quality"];
const ROWS_PER_PROGRESS: u64 = 16_384;

/// The folder's samples file; `None` if there is none, which is fine.
pub fn find(dir: &Path) -> Result<Option<PathBuf>> {
    let found: Vec<&str> = FILES.into_iter().filter(|name| dir.join(name).exists()).collect();
    match found[..] {
        [] => Ok(None),
        [one] => Ok(Some(dir.join(one))),
        _ => bail!(
            "{} holds {}, which may be the same samples; keep one of them",
            dir.display(),
            found.join(" and ")
        ),
    }
}

/// What was read: the samples by the place of their point's name in `names`.
pub struct SamplesFile {
    pub sorter: SampleSorter,
    pub names: Vec<String>,
    pub ignored_columns: Vec<String>,
    /// Rows that were understood.
    pub rows: u64,
}

/// Reads everything. `names` are the points that are known already; names that the file adds are
/// appended to them.
pub fn read(
    path: &Path,
    names: Vec<String>,
    now: DateTime<Utc>,
    mut sorter: SampleSorter,
    rejects: &mut Rejects,
    stop: &CancellationToken,
) -> Result<SamplesFile> {
    let file_name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let file = File::open(path).with_context(|| format!("can not read {}", path.display()))?;
    let size = file.metadata().map_or(0, |m| m.len());
    let consumed = Arc::new(AtomicU64::new(0));
    let counted = CountedRead { inner: file, consumed: Arc::clone(&consumed) };
    let mut csv = ReaderBuilder::new().flexible(true).from_reader(decompress(path, counted)?);

    let damaged = |line: u64| {
        format!("{} is damaged or cut off near line {line}; none of its samples were stored", path.display())
    };
    let header = csv.byte_headers().with_context(|| damaged(1))?;
    let columns = Columns::find(&file_name, header, &REQUIRED, &OPTIONAL)?;
    let mut index: HashMap<String, u32> =
        names.iter().enumerate().map(|(i, name)| (name.clone(), i as u32)).collect();
    let mut names = names;
    let mut progress = Progress::new(&file_name, size);
    let (mut row, mut rows, mut line) = (ByteRecord::new(), 0u64, 1);
    while csv.read_byte_record(&mut row).with_context(|| damaged(line))? {
        line = row.position().map_or(0, csv::Position::line);
        match parse(&columns, &row, now) {
            Ok((name, mut sample)) => {
                sample.point = match index.get(name) {
                    Some(point) => *point,
                    None => {
                        let point = names.len() as u32;
                        names.push(name.to_string());
                        index.insert(name.to_string(), point);
                        point
                    }
                };
                sorter.push(sample)?;
                rows += 1;
            }
            Err(reason) => rejects.add(&file_name, line, &reason, &row)?,
        }
        if rows.is_multiple_of(ROWS_PER_PROGRESS) {
            if stop.is_cancelled() {
                bail!("stopped while reading {file_name}");
            }
            progress.at(consumed.load(Ordering::Relaxed), rows);
        }
    }
    progress.finish("read", rows);
    Ok(SamplesFile { sorter, names, ignored_columns: columns.ignored, rows })
}

fn parse<'r>(
    columns: &Columns,
    row: &'r ByteRecord,
    now: DateTime<Utc>,
) -> Result<(&'r str, ReadSample), String> {
    let name = point_name(columns, row)?;
    let at = timestamp::parse(columns.text(row, "timestamp")?)?;
    if let Some(reason) = absurd_timestamp(at, now) {
        return Err(reason);
    }
    let text = columns.text(row, "value")?;
    let value: f64 = match text.parse() {
        Ok(value) if f64::is_finite(value) => value,
        _ if text.is_empty() => return Err("the value is empty".into()),
        _ => return Err(format!("the value '{text}' is not a finite number")),
    };
    // A short row simply has no quality.
    let quality = columns.text(row, "quality").unwrap_or_default();
    let quality = if quality.is_empty() {
        0
    } else {
        quality.parse().map_err(|_| format!("the quality '{quality}' is not a whole number (0 is good)"))?
    };
    Ok((name, ReadSample { point: 0, at_micros: at.timestamp_micros(), value, quality }))
}

/// What the file says, decompressed.
pub fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = File::open(path).with_context(|| format!("can not read {}", path.display()))?;
    decompress(path, file)
}

fn decompress(path: &Path, file: impl Read + 'static) -> Result<Box<dyn Read>> {
    let buffered = BufReader::with_capacity(256 * 1024, file);
    Ok(match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => Box::new(MultiGzDecoder::new(buffered)),
        Some("zst") => Box::new(
            zstd::stream::read::Decoder::with_buffer(buffered)
                .with_context(|| format!("can not decompress {}", path.display()))?,
        ),
        _ => Box::new(buffered),
    })
}

/// Counts the bytes that were taken from the file, for the progress.
struct CountedRead {
    inner: File,
    consumed: Arc<AtomicU64>,
}

impl Read for CountedRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
