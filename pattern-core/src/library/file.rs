use serde::{Deserialize, Serialize};
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{EpisodePattern, EquipmentPattern, PatternBody, PatternSpec};
use crate::domain::{PatternKind, Word};

/// The shipped library, one file per family.
const FILES: [(&str, &str); 5] = [
    ("process.toml", include_str!("../../library/process.toml")),
    ("rotating.toml", include_str!("../../library/rotating.toml")),
    ("hvac.toml", include_str!("../../library/hvac.toml")),
    ("wind.toml", include_str!("../../library/wind.toml")),
    ("solar_storage_grid.toml", include_str!("../../library/solar_storage_grid.toml")),
];

/// Why a library file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {message}; see docs/library-format.md")]
pub struct LibraryError {
    /// Which file.
    pub origin: String,
    pub message: String,
}

/// Reads the `[[pattern]]` entries of a TOML text. `origin` names it in errors.
pub fn parse(text: &str, origin: &str) -> Result<Vec<PatternSpec>, LibraryError> {
    read(text).map_err(|Unreadable { at, message }| {
        let line = at.map(|at| text[..at.min(text.len())].matches('\n').count() + 1);
        let message = line.map_or(message.clone(), |line| format!("line {line}: {message}"));
        LibraryError { origin: origin.to_owned(), message }
    })
}

/// What is wrong, and where in the text.
struct Unreadable {
    at: Option<usize>,
    message: String,
}

impl From<toml::de::Error> for Unreadable {
    fn from(error: toml::de::Error) -> Self {
        Self { at: error.span().map(|span| span.start), message: error.message().to_owned() }
    }
}

fn read(text: &str) -> Result<Vec<PatternSpec>, Unreadable> {
    let mut file = DeTable::parse(text)?.into_inner();
    let entries = file.remove("pattern");
    if let Some(key) = file.keys().next() {
        let message =
            format!("'{}' is no part of a library; there are only [[pattern]] entries", key.get_ref());
        return Err(Unreadable { at: Some(key.span().start), message });
    }
    match entries.map(|entries| (entries.span(), entries.into_inner())) {
        None => Ok(Vec::new()),
        Some((_, DeValue::Array(entries))) => entries.into_iter().map(entry).collect(),
        Some((span, _)) => {
            let message = "pattern is no list; write [[pattern]] before each".to_owned();
            Err(Unreadable { at: Some(span.start), message })
        }
    }
}

/// One entry as its kind has it; an entry without a kind is about equipment.
fn entry(entry: Spanned<DeValue>) -> Result<PatternSpec, Unreadable> {
    let span = entry.span();
    let at = |at: usize, message: String| Unreadable { at: Some(at), message };
    let DeValue::Table(mut table) = entry.into_inner() else {
        return Err(at(span.start, "a pattern is a table; write [[pattern]] before it".into()));
    };
    let name = table.get("name").and_then(|name| name.get_ref().as_str()).unwrap_or_default().to_owned();
    let of_pattern = |at: Option<usize>, problem: String| Unreadable {
        at: at.or(Some(span.start)),
        message: format!("pattern '{name}': {problem}"),
    };
    let kind = match table.remove("kind") {
        None => PatternKind::Equipment,
        Some(kind) => {
            let written = kind.get_ref().as_str().ok_or_else(|| {
                of_pattern(Some(kind.span().start), "kind is no text; write it as one".into())
            })?;
            PatternKind::read(written)
                .map_err(|problem| of_pattern(Some(kind.span().start), format!("kind {problem}")))?
        }
    };
    let body = ValueDeserializer::from(Spanned::new(span.clone(), DeValue::Table(table)));
    let body = match kind {
        PatternKind::Equipment => EquipmentPattern::deserialize(body).map(PatternSpec::from),
        PatternKind::Episode => EpisodePattern::deserialize(body).map(PatternSpec::from),
    };
    body.map_err(|error| {
        let problem = format!("{} (of kind {})", error.message(), kind.as_str());
        of_pattern(error.span().map(|span| span.start), problem)
    })
}

/// The shipped patterns.
pub fn builtin() -> Vec<PatternSpec> {
    let parsed = FILES
        .iter()
        .flat_map(|(name, text)| parse(text, name).expect("the shipped library is linted by a test"));
    parsed.collect()
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
