use serde::{Deserialize, Serialize};
use toml::Spanned;

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

/// The `[[pattern]]` entries of a file before their kinds are known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LibraryFile {
    #[serde(rename = "pattern", default)]
    patterns: Vec<Spanned<toml::Table>>,
}

/// Reads the `[[pattern]]` entries of a TOML text. `origin` names it in errors.
pub fn parse(text: &str, origin: &str) -> Result<Vec<PatternSpec>, LibraryError> {
    let line_of = |start: usize| text[..start.min(text.len())].matches('\n').count() + 1;
    let error = |message: String| LibraryError { origin: origin.to_owned(), message };
    let file: LibraryFile = toml::from_str(text).map_err(|e| {
        error(match e.span() {
            Some(span) => format!("line {}: {}", line_of(span.start), e.message()),
            None => e.message().to_owned(),
        })
    })?;
    let entries = file.patterns.into_iter().map(|entry| {
        let line = line_of(entry.span().start);
        let table = entry.into_inner();
        let name = table.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        of_table(table).map_err(|problem| error(format!("line {line}: pattern '{name}': {problem}")))
    });
    entries.collect()
}

/// What the entry says, as its kind has it; an entry without a kind is about equipment.
fn of_table(mut table: toml::Table) -> Result<PatternSpec, String> {
    let kind = match table.remove("kind") {
        None => PatternKind::Equipment,
        Some(toml::Value::String(kind)) => PatternKind::read(&kind).map_err(|e| format!("kind {e}"))?,
        Some(other) => return Err(format!("kind is {}; write it as a text", other.type_str())),
    };
    let problem = |e: toml::de::Error| format!("{} (of kind {})", e.message(), kind.as_str());
    Ok(match kind {
        PatternKind::Equipment => table.try_into::<EquipmentPattern>().map_err(problem)?.into(),
        PatternKind::Episode => table.try_into::<EpisodePattern>().map_err(problem)?.into(),
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
