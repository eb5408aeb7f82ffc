use serde::{Serialize, de::DeserializeOwned};
use std::{borrow::Cow, ops::Range};
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue, ValueDeserializer},
};

use super::{EpisodeChange, EpisodePattern, EquipmentPattern, PatternBody, PatternSpec, RoleSpec};
use crate::domain::{PatternKind, Word};

/// The shipped library, one file per family.
const FILES: [(&str, &str); 5] = [
    ("process.toml", include_str!("../../library/process.toml")),
    ("rotating.toml", include_str!("../../library/rotating.toml")),
    ("hvac.toml", include_str!("../../library/hvac.toml")),
    ("wind.toml", include_str!("../../library/wind.toml")),
    ("solar_storage_grid.toml", include_str!("../../library/solar_storage_grid.toml")),
];

/// Why a pattern, or a whole file, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: line {line}: {message}; see docs/library-format.md")]
pub struct LibraryError {
    /// Which file.
    pub origin: String,
    pub line: usize,
    pub message: String,
}

/// A pattern, and which file it is written in.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub origin: String,
    pub spec: PatternSpec,
}

/// Reads the `[[pattern]]` entries of a TOML text, and says all that cannot be read. `origin` names it in errors.
pub fn parse(text: &str, origin: &str) -> (Vec<Written>, Vec<LibraryError>) {
    let mut problems = Problems(Vec::new());
    let found = entries(text, &mut problems);
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let error = |(at, message)| LibraryError { origin: origin.to_owned(), line: line(at), message };
    let written = found.into_iter().map(|spec| Written { origin: origin.to_owned(), spec });
    (written.collect(), problems.0.into_iter().map(error).collect())
}

/// What is wrong, and where in the text.
struct Problems(Vec<(usize, String)>);

impl Problems {
    fn add(&mut self, at: usize, message: impl Into<String>) {
        self.0.push((at, message.into()));
    }
}

fn entries(text: &str, problems: &mut Problems) -> Vec<PatternSpec> {
    let mut file = match DeTable::parse(text) {
        Ok(file) => file.into_inner(),
        Err(error) => {
            problems.add(error.span().map_or(0, |span| span.start), error.message());
            return Vec::new();
        }
    };
    let entries = file.remove("pattern");
    for key in file.keys() {
        let what = format!("'{}' is no part of a library; there are only [[pattern]] entries", key.get_ref());
        problems.add(key.span().start, what);
    }
    match entries.map(|entries| (entries.span(), entries.into_inner())) {
        None => Vec::new(),
        Some((_, DeValue::Array(entries))) => {
            entries.into_iter().filter_map(|written| entry(written, problems)).collect()
        }
        Some((span, _)) => {
            problems.add(span.start, "pattern is no list; write [[pattern]] before each");
            Vec::new()
        }
    }
}

/// One entry as its kind has it; an entry without a kind is about equipment.
fn entry(entry: Spanned<DeValue>, problems: &mut Problems) -> Option<PatternSpec> {
    let span = entry.span();
    let DeValue::Table(mut table) = entry.into_inner() else {
        problems.add(span.start, "a pattern is a table; write [[pattern]] before it");
        return None;
    };
    let name = text_of(&table, "name");
    let kind = match table.remove("kind") {
        None => PatternKind::Equipment,
        Some(kind) => {
            let read = kind.get_ref().as_str().ok_or("is no text; write it as one".to_owned());
            match read.and_then(PatternKind::read) {
                Ok(kind) => kind,
                Err(problem) => {
                    problems.add(kind.span().start, format!("pattern '{name}': kind {problem}"));
                    return None;
                }
            }
        }
    };
    let of = Of { pattern: &name, kind };
    match kind {
        PatternKind::Equipment => {
            let roles: Option<Vec<RoleSpec>> = parts(&mut table, "roles", ("role", "name"), &of, problems);
            let body: Option<EquipmentPattern> = body(table, span, &of, problems);
            Some(EquipmentPattern { roles: roles?, ..body? }.into())
        }
        PatternKind::Episode => {
            let changes: Option<Vec<EpisodeChange>> =
                parts(&mut table, "changes", ("point", "point"), &of, problems);
            let body: Option<EpisodePattern> = body(table, span, &of, problems);
            Some(EpisodePattern { changes: changes?, ..body? }.into())
        }
    }
}

/// Which pattern is being read.
struct Of<'a> {
    pattern: &'a str,
    kind: PatternKind,
}

fn text_of(table: &DeTable, key: &str) -> String {
    table.get(key).and_then(|value| value.get_ref().as_str()).unwrap_or_default().to_owned()
}

/// Takes a list of a pattern's parts out of its table, each read by itself, so that everything that is wrong is said. An
/// empty list stays behind for the body. `called`: what a part is, and which of its fields names it.
fn parts<T: DeserializeOwned>(
    table: &mut DeTable,
    key: &'static str,
    called: (&str, &str),
    of: &Of,
    problems: &mut Problems,
) -> Option<Vec<T>> {
    let pattern = of.pattern;
    let Some(written) = table.remove(key) else {
        // The body says that it is missing.
        return Some(Vec::new());
    };
    let span = written.span();
    let empty = Spanned::new(span.clone(), DeValue::Array(DeArray::new()));
    table.insert(Spanned::new(span.clone(), Cow::Borrowed(key)), empty);
    let DeValue::Array(written) = written.into_inner() else {
        let problem = format!("pattern '{pattern}': {key} is no list; write [[pattern.{key}]] before each");
        problems.add(span.start, problem);
        return None;
    };
    let mut read = Vec::new();
    let mut all = true;
    for part in written {
        let (what, names) = called;
        let (at, name) = (part.span().start, part.get_ref().as_table().map(|part| text_of(part, names)));
        match T::deserialize(ValueDeserializer::from(part)) {
            Ok(part) => read.push(part),
            Err(error) => {
                let name = name.unwrap_or_default();
                let problem = format!("pattern '{pattern}', {what} '{name}': {}", error.message());
                problems.add(error.span().map_or(at, |span| span.start), problem);
                all = false;
            }
        }
    }
    all.then_some(read)
}

fn body<T: DeserializeOwned>(
    table: DeTable,
    span: Range<usize>,
    of: &Of,
    problems: &mut Problems,
) -> Option<T> {
    let start = span.start;
    match T::deserialize(ValueDeserializer::from(Spanned::new(span, DeValue::Table(table)))) {
        Ok(body) => Some(body),
        Err(error) => {
            let problem =
                format!("pattern '{}': {} (of kind {})", of.pattern, error.message(), of.kind.as_str());
            problems.add(error.span().map_or(start, |span| span.start), problem);
            None
        }
    }
}

/// The shipped patterns, with their files.
pub fn shipped() -> Vec<Written> {
    let of_file = |(name, text): &(&str, &str)| {
        let (written, problems) = parse(text, name);
        assert!(problems.is_empty(), "the shipped library is linted by a test: {problems:?}");
        written
    };
    FILES.iter().flat_map(of_file).collect()
}

/// The shipped patterns.
pub fn builtin() -> Vec<PatternSpec> {
    shipped().into_iter().map(|written| written.spec).collect()
}

/// The shipped patterns of one kind.
pub fn builtin_of<Body: PatternBody>() -> Vec<Body> {
    builtin().into_iter().filter_map(Body::of).collect()
}

/// Patterns as a file that `parse` reads.
pub fn to_toml(patterns: &[PatternSpec]) -> String {
    #[derive(Serialize)]
    struct Written<'a> {
        pattern: &'a [PatternSpec],
    }
    toml::to_string_pretty(&Written { pattern: patterns })
        .expect("specifications have no value that TOML lacks")
}
