//! Trio: an entity is a few lines of `tag: value` or of a marker alone, and a line of hyphens ends it.

use anyhow::Result;

use super::{
    USUAL,
    grid::Grids,
    scalar::{Scalar, Tags},
};
use crate::{formats::Input, record::Sink};

/// Entities with references and some of the usual tags, one a line.
pub fn is_trio(text: &str) -> bool {
    let tags = tags(text);
    let usual = USUAL.iter().filter(|tag| tags.iter().any(|known| known == *tag)).count();
    let has_id = text.lines().any(|line| line.starts_with("id:") && line.contains('@'));
    has_id && usual >= 3
}

/// The tags of the first entities, each once.
pub fn tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = text.lines().take(200).filter_map(|line| Some(entry(line)?.0)).collect();
    tags.sort();
    tags.dedup();
    tags
}

pub fn read(input: &Input<'_>, grids: &mut Grids, sink: &mut dyn Sink) -> Result<()> {
    let (mut entity, mut begins) = (Tags::new(), 1);
    for (number, line) in (1..).zip(input.lines()?) {
        let line = line?;
        if line.starts_with('-') && line.trim_end_matches(['-', ' ']).is_empty() {
            grids.entity(begins, std::mem::take(&mut entity));
            begins = number + 1;
        } else {
            entity.extend(entry(&line));
        }
    }
    grids.entity(begins, entity);
    grids.end(sink)
}

/// What a line says; the lines of longer texts are set in, and comments begin with two strokes.
fn entry(line: &str) -> Option<(String, Scalar)> {
    let line = line.trim_start_matches('\u{feff}');
    if !line.starts_with(char::is_lowercase) {
        return None;
    }
    let (tag, value) = line.split_once(':').map_or((line, None), |(tag, value)| (tag, Some(value)));
    let is_name = tag.trim_end().chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let scalar = value.map_or(Scalar::Marker, Scalar::lenient);
    is_name.then(|| (tag.trim_end().to_owned(), scalar))
}
