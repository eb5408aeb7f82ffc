//! Zinc: a line of the grid's tags, a line of columns with theirs, a line for each row.

use anyhow::Result;

use super::{
    grid::Grids,
    scalar::{Scalar, Tags},
};
use crate::{formats::Input, record::Sink};

/// The columns of the first grid.
pub fn columns(text: &str) -> Vec<String> {
    let header = text.lines().nth(1).unwrap_or_default();
    split(header, ',').into_iter().map(|column| column_of(column).0).collect()
}

pub fn read(input: &Input<'_>, grids: &mut Grids, sink: &mut dyn Sink) -> Result<()> {
    let (mut meta, mut is_open) = (None, false);
    for (number, line) in (1..).zip(input.lines()?) {
        let line = line?;
        let line = line.trim_start_matches('\u{feff}').trim_end();
        if line.is_empty() {
            is_open = false;
        } else if line.starts_with("ver:\"") {
            meta = Some(tags(line));
        } else if let Some(meta) = meta.take() {
            grids.begin(meta, split(line, ',').into_iter().map(column_of).collect(), sink)?;
            is_open = true;
        } else if is_open {
            grids.row(number, split(line, ',').into_iter().map(Scalar::zinc).collect(), sink)?;
        } else {
            sink.reject(number, "stands outside of a grid", line)?;
        }
    }
    Ok(())
}

/// `val dis:"Zone Temp" unit:"°F"`.
fn column_of(column: &str) -> (String, Tags) {
    let column = column.trim();
    let (name, rest) = column.split_once(' ').unwrap_or((column, ""));
    (name.to_owned(), tags(rest))
}

fn tags(text: &str) -> Tags {
    let mut tags = Tags::new();
    for part in split(text, ' ') {
        match part.split_once(':') {
            // The name behind a reference.
            _ if part.starts_with('"') => {
                if let Some((_, Scalar::Ref { dis, .. })) = tags.last_mut() {
                    *dis = Scalar::zinc(part).text().to_owned();
                }
            }
            Some((name, value)) => tags.push((name.to_owned(), Scalar::zinc(value))),
            // Behind a time stands the name of its zone; a tag begins with a small letter.
            None if part.starts_with(char::is_lowercase) => tags.push((part.to_owned(), Scalar::Marker)),
            None => {}
        }
    }
    tags
}

/// The parts between a separator, where none counts within quotes or brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0);
    let (mut quote, mut is_escaped) = (None, false);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(letter),
            (None, '(' | '[' | '{' | '<') => depth += 1,
            (None, ')' | ']' | '}' | '>') => depth -= 1,
            (None, letter) if letter == separator && depth <= 0 => {
                parts.push(&text[from..at]);
                from = at + letter.len_utf8();
            }
            (None, _) => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_quotes_and_brackets_separate_nothing() {
        let cells = split(r#"@a "x, y",C(1,2),"say \",\"",[1,2],,T"#, ',');
        assert_eq!(cells, ["@a \"x, y\"", "C(1,2)", "\"say \\\",\\\"\"", "[1,2]", "", "T"]);
    }

    #[test]
    fn tags_have_values_or_are_markers() {
        let found = tags(r#"id:@p:1 "Zone Temp" his unit:"°F" hisStart:2026-11-20T00:00:00Z UTC"#);
        assert_eq!(found[0].1, Scalar::Ref { id: "p:1".into(), dis: "Zone Temp".into() });
        assert_eq!(found[1], ("his".into(), Scalar::Marker));
        assert_eq!(found[2].1.text(), "°F");
    }
}
