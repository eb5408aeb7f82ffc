use serde::{Deserialize, Serialize};

use super::PatternSpec;

/// The shipped library, one file per family.
const FILES: [(&str, &str); 6] = [
    ("process.toml", include_str!("../../library/process.toml")),
    ("rotating.toml", include_str!("../../library/rotating.toml")),
    ("hvac.toml", include_str!("../../library/hvac.toml")),
    ("wind.toml", include_str!("../../library/wind.toml")),
    ("solar_storage_grid.toml", include_str!("../../library/solar_storage_grid.toml")),
    ("anomaly.toml", include_str!("../../library/anomaly.toml")),
];

/// Why a library file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {message}; see docs/library-format.md")]
pub struct LibraryError {
    /// Which file.
    pub origin: String,
    pub message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LibraryFile {
    #[serde(rename = "pattern", default)]
    patterns: Vec<PatternSpec>,
}

/// Reads the `[[pattern]]` entries of a TOML text. `origin` names it in errors.
pub fn parse(text: &str, origin: &str) -> Result<Vec<PatternSpec>, LibraryError> {
    toml::from_str::<LibraryFile>(text).map(|file| file.patterns).map_err(|e| {
        let line = e.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let message = match line {
            Some(line) => format!("line {line}: {}", e.message()),
            None => e.message().to_owned(),
        };
        LibraryError { origin: origin.to_owned(), message }
    })
}

/// The shipped patterns.
pub fn builtin() -> Vec<PatternSpec> {
    let parsed = FILES
        .iter()
        .flat_map(|(name, text)| parse(text, name).expect("the shipped library is linted by a test"));
    parsed.collect()
}

/// Patterns as a file that `parse` reads.
pub fn to_toml(patterns: &[PatternSpec]) -> String {
    toml::to_string_pretty(&LibraryFile { patterns: patterns.to_vec() })
        .expect("specifications have no value that TOML lacks")
}
