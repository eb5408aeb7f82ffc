//! Rows that could not be used: counted, written down with the reason, and the commonest reasons told.

use anyhow::{Context, Result};
use std::{
    collections::HashMap,
    fmt::Write,
    fs::File,
    path::{Path, PathBuf},
};

use pattern_import::shown_up_to;

use super::progress::grouped;

const REASONS_TOLD: usize = 3;
/// Bytes of a row, or of a reason that quotes it. Nobody mends longer ones by hand, and a writer of tables looks through
/// all that is left of a field for each 8 KiB that it writes.
const MOST_WRITTEN: usize = 64 << 10;
/// It quotes what stands in the file.
const MOST_REASON: usize = 500;
/// More kinds of reasons than a person looks at.
const MOST_KINDS: usize = 1000;

/// The rejects file. It is made when the first row is rejected.
pub struct Rejects {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
    kinds: HashMap<String, Kind>,
}

/// Reasons that differ only in what they quote.
struct Kind {
    count: u64,
    /// Where it was met first: file, line, reason.
    first: (String, u64, String),
}

impl Rejects {
    pub fn new(path: PathBuf) -> Self {
        Self { path, writer: None, kinds: HashMap::new() }
    }

    pub fn add(&mut self, file: &str, line: u64, reason: &str, row: &str) -> Result<()> {
        self.add_many(1, file, line, reason, row)
    }

    /// One line for `count` rows that share a reason, of which this is the first.
    pub fn add_many(&mut self, count: u64, file: &str, line: u64, reason: &str, row: &str) -> Result<()> {
        let reason = beginning(reason);
        let kind = without_quoted(reason);
        if let Some(known) = self.kinds.get_mut(&kind) {
            known.count += count;
        } else if self.kinds.len() < MOST_KINDS {
            let first = (file.to_owned(), line, reason.to_owned());
            self.kinds.insert(kind, Kind { count, first });
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let mut writer = csv::Writer::from_path(&self.path).with_context(|| {
                    format!(
                        "cannot write the rejects file {}; choose another with --rejects",
                        self.path.display()
                    )
                })?;
                writer.write_record(["file", "line", "reason", "row"])?;
                self.writer.insert(writer)
            }
        };
        writer
            .write_record([file, &line.to_string(), reason, beginning(row)])
            .with_context(|| format!("cannot write the rejects file {}", self.path.display()))
    }

    /// Of a reading that a person stopped nothing stays.
    pub fn discard(&mut self) {
        if self.writer.take().is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }

    pub fn flush(&mut self) -> Result<()> {
        match &mut self.writer {
            Some(writer) => writer
                .flush()
                .with_context(|| format!("cannot write the rejects file {}", self.path.display())),
            None => Ok(()),
        }
    }

    /// Where the rejected rows are, if there are any.
    pub fn finish(&mut self) -> Result<Option<&Path>> {
        self.flush()?;
        Ok(self.writer.as_ref().map(|_| self.path.as_path()))
    }

    /// The commonest reasons, each with the row where it was met first and how often; empty without any.
    pub fn commonest(&self) -> String {
        let mut kinds: Vec<&Kind> = self.kinds.values().collect();
        kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.first.cmp(&b.first)));
        let mut said = String::new();
        for Kind { count, first: (file, line, reason) } in kinds.iter().take(REASONS_TOLD) {
            let _ = writeln!(
                said,
                "  {} × {} ({file}, line {line})",
                grouped(*count),
                shown_up_to(MOST_REASON, reason)
            );
        }
        if kinds.len() > REASONS_TOLD {
            let _ = writeln!(said, "  and {} more reasons", kinds.len() - REASONS_TOLD);
        }
        if !kinds.is_empty() {
            let _ = writeln!(said, "  all rejected rows: {}", self.path.display());
        }
        said
    }
}

/// What of a text is written down.
fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_WRITTEN)]
}

/// The reason with `…` for what it quotes and for numbers.
fn without_quoted(reason: &str) -> String {
    let mut kind = String::with_capacity(reason.len());
    for (place, part) in reason.split('\'').enumerate() {
        match place % 2 {
            0 => kind.extend(part.chars().filter(|c| !c.is_ascii_digit())),
            _ => kind.push('…'),
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_row_that_does_not_end_the_beginning_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.csv");
        let mut rejects = Rejects::new(path.clone());
        let long = "é,".repeat(4 << 20);
        rejects.add("samples.csv", 2, &format!("the time '{long}' is none"), &long).unwrap();
        rejects.flush().unwrap();
        assert!(path.metadata().unwrap().len() < 3 * MOST_WRITTEN as u64);
        assert!(rejects.commonest().len() < 4 * MOST_REASON);
        rejects.discard();
        assert!(!path.exists());
    }

    #[test]
    fn the_commonest_reasons_are_told_with_their_first_row() {
        let folder = tempfile::tempdir().unwrap();
        let mut rejects = Rejects::new(folder.path().join("rejects.csv"));
        assert_eq!(rejects.commonest(), "");
        for line in 2..5 {
            rejects.add("samples.csv", line, &format!("the time 'x{line}' is none"), "x").unwrap();
        }
        rejects.add_many(2, "samples.csv", 9, "the value 'a' is free text", "a").unwrap();
        for other in ["name is empty", "'unit' is long"] {
            rejects.add("points.csv", 2, other, "").unwrap();
        }
        let said = rejects.commonest();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "  3 × the time 'x2' is none (samples.csv, line 2)");
        assert_eq!(lines[1], "  2 × the value 'a' is free text (samples.csv, line 9)");
        assert_eq!(lines[3], "  and 1 more reasons");
        assert_eq!(rejects.finish().unwrap(), Some(folder.path().join("rejects.csv").as_path()));
    }
}
