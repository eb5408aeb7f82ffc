//! What an import did, in numbers and in words.

use std::{fmt, path::PathBuf};

use super::progress::grouped;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub rejected: u64,
}

impl Counts {
    fn used(&self) -> u64 {
        self.new + self.changed + self.unchanged
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [new, changed, unchanged, rejected] =
            [self.new, self.changed, self.unchanged, self.rejected].map(grouped);
        write!(f, "{new} new, {changed} changed, {unchanged} unchanged, {rejected} rejected")
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSummary {
    pub data_source: String,
    pub points: Counts,
    pub samples: Counts,
    /// Points that samples name and points.csv lacks.
    pub unlisted_points: u64,
    /// Samples whose point and time the file has again further down.
    pub repeated_samples: u64,
    pub ignored_columns: Vec<String>,
    pub no_samples_file: bool,
    pub rejects: Option<PathBuf>,
}

impl ImportSummary {
    pub fn changed_nothing(&self) -> bool {
        [self.points, self.samples].iter().all(|c| c.new == 0 && c.changed == 0)
    }

    pub(super) fn read_nothing(&self) -> bool {
        self.points.used() + self.samples.used() == 0
    }
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "data source {}", self.data_source)?;
        writeln!(f, "points   {}", self.points)?;
        if self.no_samples_file {
            writeln!(f, "samples  none: the folder has no samples file, so names and units must do")?;
        } else {
            writeln!(f, "samples  {}", self.samples)?;
        }
        if self.unlisted_points > 0 {
            let count = grouped(self.unlisted_points);
            writeln!(f, "{count} points that points.csv lacks were taken from the samples, without a unit")?;
        }
        if self.repeated_samples > 0 {
            let count = grouped(self.repeated_samples);
            writeln!(f, "{count} samples were given again further down in the file; the last one counts")?;
        }
        if !self.ignored_columns.is_empty() {
            writeln!(f, "columns that mean nothing here: {}", self.ignored_columns.join(", "))?;
        }
        if let Some(path) = &self.rejects {
            writeln!(f, "rejected rows, with line and reason: {}", path.display())?;
        }
        if self.changed_nothing() {
            writeln!(f, "nothing changed: all of this was there already")?;
        }
        Ok(())
    }
}
