//! Understands what the formats hand on: the one place where texts become points and samples.

mod cells;

use anyhow::Result;
use chrono::{DateTime, Utc};
use pattern_core::domain::{absurd_timestamp, name_problem};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cells::LastUnits;

use crate::{
    Survey, SurveyedFile,
    content::{Content, ReadPoint},
    folders::Whereabouts,
    record::{RawPoint, RawSample, Sink},
    sample::ReadSample,
    time::{self, DateOrder, Moment},
    value::{self, Cell},
    zone::{Local, ZoneReader},
};

const ROWS_PER_PROGRESS: u64 = 16_384;
/// A column with more different texts is no column of qualities.
const MOST_QUALITIES: usize = 65_536;

/// Where what was understood goes.
pub trait Output {
    fn sample(&mut self, sample: ReadSample) -> Result<()>;

    fn reject(&mut self, file: &str, line: u64, reason: &str, row: &str) -> Result<()>;

    /// Now and then: how many bytes of the file were taken, and how many samples were understood. Ends the reading by
    /// an error.
    fn progress(&mut self, file: &SurveyedFile, taken: u64, samples: u64) -> Result<()>;

    fn begin(&mut self, file: &SurveyedFile) -> Result<()>;

    /// The file was read to its end.
    fn end(&mut self, samples: u64) -> Result<()>;
}

/// Reads all files, lists of points first. `now` judges which times cannot be.
pub fn read(survey: &Survey, now: DateTime<Utc>, output: &mut dyn Output) -> Result<Content> {
    let mut files: Vec<&SurveyedFile> = survey.files.iter().collect();
    files.sort_by_key(|file| file.format.has_samples());
    let mut reader = Reader {
        content: Content::default(),
        places: HashMap::new(),
        ids: HashMap::new(),
        words: HashMap::new(),
        now,
        latest: (now + chrono::Duration::days(1)).timestamp_micros(),
        output,
    };
    for (place, file) in files.into_iter().enumerate() {
        reader.content.files.push(file.source.name.clone());
        reader.content.kinds.push((file.likeness(), file.quality_header()));
        reader.output.begin(file)?;
        let mut sink = FileSink::new(&mut reader, file, place);
        let input = file.input(&survey.sources, Arc::clone(&sink.taken));
        file.format.read(&input, &mut sink)?;
        let samples = sink.samples;
        reader.output.end(samples)?;
    }
    reader.content.take_folders_for_paths();
    Ok(reader.content)
}

struct Reader<'a> {
    content: Content,
    places: HashMap<String, u32>,
    /// Points by the ids that files say they have.
    ids: HashMap<String, u32>,
    words: HashMap<String, u32>,
    now: DateTime<Utc>,
    latest: i64,
    output: &'a mut dyn Output,
}

impl Reader<'_> {
    fn whereabouts(&mut self, path: String) -> Whereabouts {
        if path.is_empty() {
            return Whereabouts::Nowhere;
        }
        let known = &mut self.content.folders;
        let place = known.iter().position(|folder| *folder == path).unwrap_or_else(|| {
            known.push(path);
            known.len() - 1
        });
        Whereabouts::In(place as u32)
    }
}

/// What is known only of the file that is being read.
struct FileSink<'r, 'a> {
    reader: &'r mut Reader<'a>,
    file: &'r SurveyedFile,
    place: usize,
    whereabouts: Whereabouts,
    taken: Arc<AtomicU64>,
    samples: u64,
    rows: u64,
    order: DateOrder,
    zone: Option<ZoneReader>,
    newest_first: bool,
    /// Neighbours often have the same time, and nearly always the same quality.
    last_time: (String, Result<Local, String>),
    last_quality: (String, u32),
    last_units: LastUnits,
    qualities: HashMap<String, u32>,
}

impl<'r, 'a> FileSink<'r, 'a> {
    fn new(reader: &'r mut Reader<'a>, file: &'r SurveyedFile, place: usize) -> Self {
        let whereabouts = reader.whereabouts(file.path());
        Self {
            reader,
            file,
            place,
            whereabouts,
            taken: Arc::default(),
            samples: 0,
            rows: 0,
            order: file.order.unwrap_or_default(),
            zone: file.zone.map(ZoneReader::new),
            newest_first: file.taste.is_newest_first(),
            last_time: (String::new(), Err("the time is empty".into())),
            last_quality: (String::new(), u32::MAX),
            last_units: LastUnits::default(),
            qualities: HashMap::new(),
        }
    }

    /// The name where it is not as it stands in the file: quoted once too often, or of a folder that is a device.
    fn full_name(&self, name: &str) -> Option<String> {
        let plain = unquoted(name);
        match self.file.prefix.as_str() {
            "" => plain,
            prefix => Some(format!("{prefix}{}", plain.as_deref().unwrap_or(name))),
        }
    }

    fn full<'t>(&self, point: &RawPoint<'t>, name: Option<&'t str>) -> RawPoint<'t>
    where
        'r: 't,
    {
        let device = match point.device {
            "" => self.file.prefix.trim_end_matches('/'),
            device => device,
        };
        RawPoint { name: name.unwrap_or(point.name), device, ..*point }
    }

    fn write_down(&mut self, line: u64, reason: &str, row: &str) -> Result<()> {
        self.reader.output.reject(&self.file.source.name, line, reason, row)
    }

    fn count_row(&mut self) -> Result<()> {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_PER_PROGRESS) {
            let taken = self.taken.load(Ordering::Relaxed);
            self.reader.output.progress(self.file, taken, self.samples)?;
        }
        Ok(())
    }

    fn list(&mut self, line: u64, raw: &RawPoint<'_>) -> Result<(), String> {
        let point = ReadPoint::of(raw)?;
        let place = match self.reader.places.get(&point.name) {
            Some(place) => *place as usize,
            None => self.add(point.clone()) as usize,
        };
        if !raw.id.is_empty() {
            self.reader.ids.entry(raw.id.to_owned()).or_insert(place as u32);
        }
        let known = &mut self.reader.content.points[place];
        if let Some((_, first)) = known.listed.filter(|(file, _)| *file == self.place) {
            return Err(format!("the point '{}' is on line {first} already", known.name));
        }
        known.listed = Some((self.place, line));
        known.whereabouts.met(self.whereabouts);
        known.complete(point);
        Ok(())
    }

    fn add(&mut self, point: ReadPoint) -> u32 {
        let place = self.reader.content.points.len() as u32;
        self.reader.places.insert(point.name.clone(), place);
        self.reader.content.points.push(point);
        place
    }

    fn take(&mut self, raw: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<ReadSample, String> {
        let by_id = if raw.id.is_empty() { None } else { self.reader.ids.get(raw.id) };
        let known = by_id.or_else(|| self.reader.places.get(raw.name)).copied();
        if known.is_none()
            && let Some(problem) = name_problem(raw.name)
        {
            return Err(problem);
        }
        let when = self.when(sample.time)?;
        let cell = value::understand(sample.value, self.file.numbers);
        let quality = self.quality(sample.quality)?;
        if let (Cell::Word(word), Some(place)) = (cell, known) {
            self.room_for(place, word)?;
        }
        let place = match known {
            Some(place) => place,
            None => self.add(ReadPoint::of(raw)?),
        };
        if known.is_some() && self.reader.content.points[place as usize].samples == 0 {
            let said = ReadPoint::of(raw)?;
            self.reader.content.points[place as usize].complete(said);
        }
        let value = self.value(place, cell, raw.unit, sample)?;
        let at_micros = self.settle(when, place)?;
        let point = &mut self.reader.content.points[place as usize];
        point.samples += 1;
        point.whereabouts.met(self.whereabouts);
        self.reader.content.qualities[quality as usize].count += 1;
        Ok(ReadSample { point: place, quality, at_micros, value })
    }

    fn when(&mut self, text: &str) -> Result<Local, String> {
        if self.last_time.0 != text {
            text.clone_into(&mut self.last_time.0);
            self.last_time.1 = self.understand_time(text);
        }
        self.last_time.1.clone()
    }

    fn understand_time(&mut self, text: &str) -> Result<Local, String> {
        let micros = match time::parse(text, self.order)? {
            Moment::At(micros) => Local::Once(micros),
            Moment::Local(micros) => {
                let zone = self.zone.as_mut().ok_or_else(|| {
                    format!("the time '{text}' has no offset; say where the clock hung with --timezone")
                })?;
                zone.utc(micros).ok_or_else(|| format!("the time '{text}' is out of range"))?
            }
        };
        let (Local::Once(first) | Local::Twice(first, _) | Local::Never(first)) = micros;
        if first < 631_152_000_000_000 || first > self.reader.latest {
            let at = DateTime::from_timestamp_micros(first).ok_or("the time is out of range")?;
            return Err(absurd_timestamp(at, self.reader.now).unwrap_or_default());
        }
        Ok(micros)
    }

    /// Of an hour that the clock showed twice, the second is what comes behind the first.
    fn settle(&mut self, when: Local, place: u32) -> Result<i64, String> {
        let point = &mut self.reader.content.points[place as usize];
        let at = match when {
            Local::Once(at) => at,
            Local::Never(at) => {
                self.reader.content.skipped_hours += 1;
                at
            }
            Local::Twice(early, late) => {
                self.reader.content.doubled_hours += 1;
                let is_late = match self.newest_first {
                    false => point.samples > 0 && early <= point.last_micros,
                    true => point.samples == 0 || late < point.last_micros,
                };
                if is_late { late } else { early }
            }
        };
        point.last_micros = at;
        Ok(at)
    }
}

/// A node id that was quoted once more than needed: `"ns=3;s=""Pump"""`.
fn unquoted(name: &str) -> Option<String> {
    let inner = name.strip_prefix('"')?.strip_suffix('"')?;
    let plain = inner.replace("\"\"", "\u{1}");
    (!plain.contains('"')).then(|| plain.replace('\u{1}', "\""))
}

impl Sink for FileSink<'_, '_> {
    fn point(&mut self, line: u64, point: &RawPoint<'_>) -> Result<()> {
        self.count_row()?;
        let name = self.full_name(point.name);
        let point = &self.full(point, name.as_deref());
        if let Err(reason) = self.list(line, point) {
            self.reader.content.rejected_points += 1;
            let row = [point.name, point.unit, point.description].join(",");
            self.write_down(line, &reason, &row)?;
        }
        Ok(())
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        self.count_row()?;
        let name = self.full_name(point.name);
        let point = &self.full(point, name.as_deref());
        match self.take(point, sample) {
            Ok(read) => {
                self.samples += 1;
                self.reader.content.samples += 1;
                self.reader.output.sample(read)
            }
            Err(reason) => {
                self.reader.content.rejected_samples += 1;
                let row = [sample.time, point.name, sample.value, sample.quality].join(",");
                self.write_down(sample.line, &reason, row.trim_end_matches(','))
            }
        }
    }

    fn reject(&mut self, line: u64, reason: &str, row: &str) -> Result<()> {
        match self.file.format.has_samples() {
            true => self.reader.content.rejected_samples += 1,
            false => self.reader.content.rejected_points += 1,
        }
        self.write_down(line, reason, row)
    }
}
