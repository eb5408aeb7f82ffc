//! Looks at the beginnings of all files: what each is and how it is to be read, and everything that is wrong, at once.

mod checks;

use anyhow::{Context, Result};
use encoding_rs::Encoding;
use std::{
    collections::BTreeSet,
    io::{self, Read},
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use crate::{
    columns::Meaning,
    dialect, encoding, find, folders,
    formats::{self, Format, Head, Input, Recognised},
    limits::{self, MOST_LINE_BYTES},
    mapping,
    number::Decimal,
    options::Options,
    record::unless_enough,
    shown::shown_up_to,
    source::Source,
    taste::Taste,
    time::DateOrder,
    value::Numbers,
    zone::{self, Zone},
};

const HEAD_BYTES: usize = 256 * 1024;
/// Of tables with long lines more is looked at, until it has so many.
const HEAD_LINES: usize = 8;
const HEAD_ROWS: usize = 200;
const NAMED: usize = 3;
/// A problem or a note is a sentence or two; those that quote a file may be longer.
const MOST_SAID: usize = 1500;

/// What files have in common that one program wrote: the separator, and which columns hold what.
pub(crate) type Likeness = (u8, Vec<(Meaning, String)>);

/// A file of which it is known what it is.
#[derive(Debug)]
pub struct SurveyedFile {
    pub source: Source,
    pub encoding: &'static Encoding,
    pub separator: u8,
    pub format: Box<dyn Format>,
    pub taste: Taste,
    pub numbers: Numbers,
    /// In front of all names, where other folders have the same: `AHU-1/`.
    pub prefix: String,
    /// How its dates are meant, where that is open in the dates themselves.
    pub order: Option<DateOrder>,
    /// Where the clock hung that its times are of: as a header says, or a person.
    pub zone: Option<Zone>,
    pub has_open_dates: bool,
    has_crlf: bool,
    pub(crate) is_whole: bool,
}

impl SurveyedFile {
    /// Where its points stand, as far as its folder tells.
    pub fn path(&self) -> String {
        folders::path(&self.source.folder)
    }

    pub(crate) fn likeness(&self) -> Likeness {
        (self.separator, self.format.columns())
    }

    /// What the column of qualities is called, where all samples have one.
    pub(crate) fn quality_header(&self) -> String {
        let quality = self.format.columns().into_iter().find(|(meaning, _)| *meaning == Meaning::Quality);
        quality.map_or_else(String::new, |(_, header)| header)
    }

    /// The whole file, to be read.
    pub fn input<'a>(&'a self, others: &'a [Source], taken: Arc<AtomicU64>) -> Input<'a> {
        let Self { source, encoding, separator, has_crlf, .. } = self;
        Input {
            source,
            others,
            encoding,
            separator: *separator,
            has_crlf: *has_crlf,
            head: None,
            cells: None,
            taken,
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    pub files: Vec<SurveyedFile>,
    pub sources: Vec<Source>,
    /// Everything that stands against reading, each with what to do.
    pub problems: Vec<String>,
    /// What was decided without being sure, and what is left alone.
    pub notes: Vec<String>,
    /// What was said, with what `import.toml` says.
    pub options: Options,
}

/// Looks at a folder or at one file.
pub fn survey(path: &Path, options: Options) -> Result<Survey> {
    let said = options.columns.clone();
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let options = mapping::complete(options, folder)?;
    let found = find::find(path, &options.stop)?;
    let mut survey = Survey { sources: found.sources, ..Survey::default() };
    let mut unknown = Vec::new();
    for source in survey.sources.clone() {
        match look(&source, &survey.sources, &options)? {
            Ok(file) => survey.files.push(file),
            Err(problem) => unknown.push((source, problem)),
        }
    }
    let is_meant = |source: &Source| matches!(source.stem(), "points" | "samples");
    let has_content = survey.files.iter().any(|file| file.taste.points + file.taste.samples > 0);
    for (source, problem) in unknown {
        let said = format!("{} {problem}", source.name);
        // Other tables may lie in the folder; they are in nobody's way.
        if has_content && !is_meant(&source) {
            survey.notes.push(format!("left alone: {said}"));
        } else {
            survey.problems.push(said);
        }
    }
    for (what, why) in found.refused {
        let said = format!("left alone: {what} {why}");
        match survey.sources.is_empty() {
            true => survey.problems.push(said),
            false => survey.notes.push(said),
        }
    }
    if !found.others.is_empty() {
        let named = some_of(&found.others);
        survey.notes.push(format!("left alone, because no table, workbook or archive: {named}"));
    }
    if !found.hidden.is_empty() {
        survey.notes.push(format!("left alone, because hidden: {}", some_of(&found.hidden)));
    }
    if survey.sources.is_empty() {
        survey.problems.push(format!(
            "{} holds no table, workbook or archive; put your export there, or a points.csv whose first line is `name,unit,description`",
            path.display()
        ));
    }
    survey.check_mapping(&said);
    survey.set_prefixes();
    survey.set_devices();
    survey.decide_orders(&options)?;
    survey.decide_decimals(&options)?;
    survey.check_times(&options);
    survey.check_repeats();
    survey.options = options;
    for said in survey.problems.iter_mut().chain(&mut survey.notes) {
        *said = shown_up_to(MOST_SAID, said);
    }
    Ok(survey)
}

fn look(source: &Source, others: &[Source], options: &Options) -> Result<Result<SurveyedFile, String>> {
    let cannot = || format!("{} is damaged or cut off near its beginning", source.name);
    let (raw, is_whole) = beginning(&mut source.open(&Arc::default())?).with_context(cannot)?;
    let encoding = options.encoding.unwrap_or_else(|| encoding::detect(&raw, is_whole));
    let mut text = encoding.decode(&raw).0.into_owned();
    if !is_whole {
        text.truncate(text.rfind('\n').map_or(text.len(), |end| end + 1));
    }
    if let Some(problem) = is_of_lines(&raw).then(|| limits::unwieldy(&text, &separators(options))).flatten()
    {
        return Ok(Err(problem));
    }
    let separator = options.separator.unwrap_or_else(|| dialect::separator(&text));
    let rows = dialect::rows(&text, separator, HEAD_ROWS);
    let head = Head { source, others, raw: &raw, text: &text, separator, rows: &rows, options };
    let format = match refuse_empty(&raw, formats::recognise(&head)) {
        Ok(format) => format,
        Err(problem) => return Ok(Err(problem)),
    };
    let mut taste = Taste::default();
    let has_crlf = text.contains("\r\n");
    let head = Some(text.as_str());
    let input =
        Input { source, others, encoding, separator, has_crlf, head, cells: None, taken: Arc::default() };
    unless_enough(format.read(&input, &mut taste))?;
    let decimal = options.decimal.or(taste.decimals.sure());
    let numbers = Numbers { decimal, otherwise: Decimal::Point };
    let source = source.clone();
    let zone = zone_said(&*format).or(options.zone);
    Ok(Ok(SurveyedFile {
        source,
        encoding,
        separator,
        format,
        taste,
        numbers,
        prefix: String::new(),
        order: options.date_order,
        zone,
        has_open_dates: false,
        has_crlf,
        is_whole,
    }))
}

fn zone_said(format: &dyn Format) -> Option<Zone> {
    let is_time = |meaning| matches!(meaning, Meaning::Time | Meaning::Date | Meaning::Clock);
    let columns = format.columns().into_iter();
    columns.filter(|(meaning, _)| is_time(*meaning)).find_map(|(_, header)| zone::of_header(&header))
}

/// The first bytes: of a table as many as hold a few of its lines. And whether these are all.
fn beginning(from: &mut impl Read) -> io::Result<(Vec<u8>, bool)> {
    let mut raw = Vec::new();
    let mut wanted = HEAD_BYTES;
    loop {
        from.by_ref().take((wanted - raw.len()) as u64).read_to_end(&mut raw)?;
        let lines = raw.iter().filter(|byte| **byte == b'\n').count();
        let last = raw.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let is_too_long = (raw.len() - last) as u64 > MOST_LINE_BYTES;
        if raw.len() < wanted || lines >= HEAD_LINES || is_too_long || !is_of_lines(&raw) {
            let is_whole = raw.len() < wanted;
            return Ok((raw, is_whole));
        }
        wanted *= 2;
    }
}

/// Whether it may be a table of text: no workbook, nothing that is written in brackets, no zeros.
fn is_of_lines(raw: &[u8]) -> bool {
    let is_packed = raw.starts_with(b"PK\x03\x04") || raw.starts_with(b"\xd0\xcf\x11\xe0");
    let bare = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw).trim_ascii_start();
    let zeros = raw.iter().filter(|byte| **byte == 0).count();
    !is_packed && !bare.starts_with(b"{") && !bare.starts_with(b"[") && zeros * 10 < raw.len() * 9
}

fn separators(options: &Options) -> Vec<u8> {
    options.separator.map_or(dialect::CANDIDATES.to_vec(), |said| vec![said])
}

fn refuse_empty(raw: &[u8], recognised: Recognised) -> Result<Box<dyn Format>, String> {
    match recognised {
        _ if raw.is_empty() => Err("is empty".into()),
        Some(recognised) => recognised,
        None => Err("is of no known format".into()),
    }
}

impl Survey {
    /// Folders whose names others have too are of a device each, by which their points are called.
    fn set_prefixes(&mut self) {
        let namespaces = folders::namespaces(&self.files);
        for file in &mut self.files {
            let path = file.path();
            if namespaces.contains(&path) {
                file.prefix = format!("{path}/");
            }
        }
        if let Some(first) = namespaces.first() {
            let named = some_of(&namespaces.iter().cloned().collect::<Vec<_>>());
            self.notes.push(format!(
                "these folders have the same names at the same times, so their points are called after them \
                 ({first}/…): {named}"
            ));
        }
    }

    /// Files with the same tags that begin at the same time are of one device each; the file's name is its name.
    fn set_devices(&mut self) {
        let key = |file: &SurveyedFile| {
            let folder = file.source.folder.clone();
            (folder, file.format.tags(), file.taste.first_time.clone())
        };
        let keys: Vec<_> = self.files.iter().map(key).collect();
        let is_shared = |key: &_| keys.iter().filter(|other| *other == key).count() > 1;
        let shared = keys.iter().zip(&self.files).filter(|(key, _)| !key.1.is_empty() && is_shared(key));
        // Those that are called so and have these tags are of that device elsewhere too: in the folder of another month.
        let devices: BTreeSet<_> =
            shared.map(|(key, file)| (key.1.clone(), file.source.stem().to_owned())).collect();
        for file in &mut self.files {
            let device = (file.format.tags(), file.source.stem().to_owned());
            if devices.contains(&device) {
                file.format.set_device(&device.1);
            }
        }
    }

    pub(crate) fn named(&self, places: &[usize]) -> String {
        let names: Vec<String> = places.iter().map(|place| self.files[*place].source.name.clone()).collect();
        some_of(&names)
    }
}

fn some_of(names: &[String]) -> String {
    let mut named = names[..names.len().min(NAMED)].to_vec();
    if names.len() > NAMED {
        named.push(format!("{} more", names.len() - NAMED));
    }
    named.join(", ")
}
