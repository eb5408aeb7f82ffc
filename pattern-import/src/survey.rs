//! Looks at the beginnings of all files: what each is and how it is to be read, and everything that is wrong, at once.

use anyhow::{Context, Result};
use encoding_rs::Encoding;
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use crate::{
    dialect, encoding,
    formats::{self, Format, Head, Input},
    options::Options,
    source::{self, Source, read_up_to},
};

const HEAD_BYTES: usize = 256 * 1024;
const HEAD_ROWS: usize = 200;

/// A file of which it is known what it is.
#[derive(Debug)]
pub struct SurveyedFile {
    pub source: Source,
    pub encoding: &'static Encoding,
    pub separator: u8,
    pub format: Box<dyn Format>,
    head: String,
}

impl SurveyedFile {
    /// The whole file, to be read.
    pub fn input<'a>(&'a self, others: &'a [Source], taken: Arc<AtomicU64>) -> Input<'a> {
        let Self { source, encoding, separator, .. } = self;
        Input { source, others, encoding, separator: *separator, head: None, taken }
    }

    /// Its beginning only.
    pub fn beginning<'a>(&'a self, others: &'a [Source]) -> Input<'a> {
        Input { head: Some(&self.head), ..self.input(others, Arc::default()) }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    pub files: Vec<SurveyedFile>,
    pub sources: Vec<Source>,
    /// Everything that stands against reading, each with what to do.
    pub problems: Vec<String>,
}

/// Looks at a folder or at one file.
pub fn survey(path: &Path, options: &Options) -> Result<Survey> {
    let sources = source::find(path)?;
    let mut survey = Survey { sources, ..Survey::default() };
    for source in survey.sources.clone() {
        match look(&source, &survey.sources, options)? {
            Some(Ok(file)) => survey.files.push(file),
            Some(Err(problem)) => survey.problems.push(format!("{} {problem}", source.name)),
            None => survey.problems.push(format!("{} is of no known format", source.name)),
        }
    }
    Ok(survey)
}

fn look(
    source: &Source,
    others: &[Source],
    options: &Options,
) -> Result<Option<Result<SurveyedFile, String>>> {
    let mut raw = vec![0; HEAD_BYTES];
    let mut opened = source.open(&Arc::default())?;
    let length = read_up_to(&mut opened, &mut raw).with_context(|| format!("cannot read {}", source.name))?;
    raw.truncate(length);
    let is_whole = length < HEAD_BYTES;
    let encoding = options.encoding.unwrap_or_else(|| encoding::detect(&raw, is_whole));
    let mut text = encoding.decode(&raw).0.into_owned();
    if !is_whole {
        text.truncate(text.rfind('\n').map_or(text.len(), |end| end + 1));
    }
    let separator = options.separator.unwrap_or_else(|| dialect::separator(&text));
    let rows = dialect::rows(&text, separator, HEAD_ROWS);
    let head = Head { source, others, raw: &raw, text: &text, separator, rows: &rows, options };
    let recognised = formats::recognise(&head);
    Ok(recognised.map(|format| {
        format.map(|format| SurveyedFile { source: source.clone(), encoding, separator, format, head: text })
    }))
}
