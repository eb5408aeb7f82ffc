//! The tables that come with the objects: texts of states, names of units, names of types.

use std::{collections::HashMap, io::Read, sync::Arc};

use crate::{dialect, encoding, formats::Input, source::Source};

/// Such a table is small; more is none.
const MOST_BYTES: u64 = 4 << 20;
/// In which its header stands.
const HEAD_BYTES: u64 = 16 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    StateTexts,
    Units,
    ObjectTypes,
}

impl Kind {
    pub fn title(self) -> &'static str {
        match self {
            Self::StateTexts => "the texts of states",
            Self::Units => "the names of units",
            Self::ObjectTypes => "the names of types",
        }
    }
}

/// What the other files of the folder say.
#[derive(Debug, Default)]
pub struct Beside {
    states: HashMap<String, Vec<String>>,
    units: HashMap<String, String>,
}

impl Beside {
    pub fn of(input: &Input<'_>) -> Self {
        let mut beside = Self::default();
        let is_beside =
            |other: &&Source| other.name != input.source.name && other.folder == input.source.folder;
        for source in input.others.iter().filter(is_beside) {
            let rows = rows_of(source);
            match recognise(&rows) {
                Some(Kind::StateTexts) => beside.states.extend(entries(&rows).map(|(number, texts)| {
                    let texts: Vec<String> = texts.iter().map(|text| text.trim().to_owned()).collect();
                    let end = texts.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
                    (number, texts[..end].to_vec())
                })),
                Some(Kind::Units) => {
                    beside.units.extend(
                        entries(&rows).filter_map(|(number, names)| Some((number, names.first()?.clone()))),
                    );
                }
                Some(Kind::ObjectTypes) | None => {}
            }
        }
        beside
    }

    pub fn states_of(&self, reference: &str) -> Option<&[String]> {
        self.states.get(reference).map(Vec::as_slice)
    }

    pub fn unit_of(&self, code: &str) -> Option<&str> {
        self.units.get(code).map(String::as_str)
    }
}

/// A header as it is compared: small letters and digits.
pub fn plain(header: &str) -> String {
    header.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Which of the tables it is, by its first rows.
pub fn recognise(rows: &[Vec<String>]) -> Option<Kind> {
    let mut heads = rows.iter().take(10).map(|row| row.iter().map(|cell| plain(cell)).collect::<Vec<_>>());
    heads.find_map(|row| {
        let has = |part: &str| row.iter().any(|cell| cell.starts_with(part));
        if has("referencenumber") && (has("text1") || has("inactivetext")) {
            Some(Kind::StateTexts)
        } else if has("code") && has("unittext") || has("encodingofunit") {
            Some(Kind::Units)
        } else if has("code") && has("objecttype") && !has("objectname") || has("encodingofbacnetobjecttype")
        {
            Some(Kind::ObjectTypes)
        } else {
            None
        }
    })
}

/// Rows that begin with a number, and what stands behind it.
fn entries(rows: &[Vec<String>]) -> impl Iterator<Item = (String, &[String])> {
    rows.iter().filter_map(|row| {
        let (number, texts) = row.split_first()?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| (number.clone(), texts))
    })
}

/// The rows of a small file; none where it cannot be read, which is said where it is read itself.
fn rows_of(source: &Source) -> Vec<Vec<String>> {
    let beginning = rows_within(source, HEAD_BYTES);
    match recognise(&beginning) {
        Some(_) => rows_within(source, MOST_BYTES),
        None => Vec::new(),
    }
}

fn rows_within(source: &Source, most: u64) -> Vec<Vec<String>> {
    let mut bytes = Vec::new();
    let read = source.open(&Arc::default()).map(|file| file.take(most).read_to_end(&mut bytes));
    if !matches!(read, Ok(Ok(_))) {
        return Vec::new();
    }
    let text = encoding::detect(&bytes, true).decode(&bytes).0;
    dialect::rows(&text, dialect::separator(&text), usize::MAX)
}
