//! What an import did, in numbers and in words.

use pattern_import::{Class, shown, shown_up_to};
use std::{fmt, path::PathBuf};

use super::progress::grouped;

const TOLD: usize = 5;
/// Characters of their names.
const COLUMNS_SHOWN: usize = 4000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub rejected: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [new, changed, unchanged, rejected] =
            [self.new, self.changed, self.unchanged, self.rejected].map(grouped);
        write!(f, "{new} new, {changed} changed, {unchanged} unchanged, {rejected} rejected")
    }
}

/// How many samples count as good. Jobs use no others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Qualities {
    pub good: u64,
    pub uncertain: u64,
    pub bad: u64,
}

impl Qualities {
    pub fn count(&mut self, class: Class) {
        match class {
            Class::Good => self.good += 1,
            Class::Uncertain => self.uncertain += 1,
            Class::Bad => self.bad += 1,
        }
    }

    fn unused(&self) -> u64 {
        self.uncertain + self.bad
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSummary {
    pub data_source: String,
    /// How each file was read.
    pub files: Vec<String>,
    pub notes: Vec<String>,
    /// The folders below, which are the path of so many points, and tell nothing of those that are in several.
    pub folders: Vec<String>,
    pub points_of_folders: u64,
    pub points_of_several_folders: u64,
    pub points: Counts,
    pub samples: Counts,
    pub qualities: Qualities,
    /// (file, what its numbers mean) of files whose qualities are on another scale than 0 for good.
    pub scales: Vec<(String, &'static str)>,
    pub unknown_qualities: Vec<(String, u64)>,
    /// What stands where a value is missing, the commonest first.
    pub gaps: Vec<(String, u64)>,
    /// Points that samples name and no list has.
    pub unlisted_points: u64,
    /// Points that have samples, but no good one.
    pub points_without_good: Vec<String>,
    /// Points that show more than two states.
    pub states: Vec<String>,
    /// Samples whose point and time come again further down.
    pub repeated_samples: u64,
    /// (unit, that of its point, how many) of samples that were converted.
    pub converted: Vec<(String, String, u64)>,
    pub doubled_hours: u64,
    pub skipped_hours: u64,
    pub ignored_columns: Vec<String>,
    pub no_samples_file: bool,
    pub commonest_reasons: String,
    pub rejects: Option<PathBuf>,
    pub is_dry_run: bool,
}

impl ImportSummary {
    pub fn changed_nothing(&self) -> bool {
        [self.points, self.samples].iter().all(|c| c.new == 0 && c.changed == 0)
    }
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = shown(&self.data_source);
        if self.is_dry_run {
            writeln!(f, "nothing was stored; this is what an import would store in {name}")?;
        } else {
            writeln!(f, "data source {name}")?;
        }
        for file in &self.files {
            writeln!(f, "read {file}")?;
        }
        writeln!(f, "points   {}", self.points)?;
        self.say_folders(f)?;
        if self.no_samples_file {
            writeln!(f, "samples  none: no file holds any, so names and units must do")?;
        } else {
            writeln!(f, "samples  {}", self.samples)?;
            self.say_quality(f)?;
        }
        self.say_oddities(f)?;
        if !self.is_dry_run {
            self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        }
        if !self.ignored_columns.is_empty() {
            writeln!(
                f,
                "columns that mean nothing here: {}",
                shown_up_to(COLUMNS_SHOWN, &self.ignored_columns.join(", "))
            )?;
        }
        if !self.commonest_reasons.is_empty() {
            write!(f, "rejected:\n{}", self.commonest_reasons)?;
        }
        let was_there = self.points.unchanged + self.samples.unchanged > 0;
        if self.changed_nothing() && was_there && !self.is_dry_run {
            let what = match self.points.rejected + self.samples.rejected {
                0 => "all of this",
                _ => "all of this that could be used",
            };
            writeln!(f, "nothing changed: {what} was there already")?;
        }
        Ok(())
    }
}

impl ImportSummary {
    fn say_quality(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Qualities { good, uncertain, bad } = self.qualities;
        writeln!(
            f,
            "quality  {} good, {} uncertain, {} bad",
            grouped(good),
            grouped(uncertain),
            grouped(bad)
        )?;
        for (file, scale) in &self.scales {
            writeln!(f, "qualities of {file}: {scale}")?;
        }
        if !self.unknown_qualities.is_empty() {
            let named = counted(&self.unknown_qualities);
            writeln!(f, "warning: these qualities mean nothing here and count as bad: {named}")?;
        }
        if !self.gaps.is_empty() {
            let all: u64 = self.gaps.iter().map(|(_, count)| count).sum();
            writeln!(f, "without a value: {} ({})", grouped(all), counted(&self.gaps))?;
        }
        let unused = self.qualities.unused();
        if unused > good {
            writeln!(
                f,
                "warning: most samples do not count as good; they are stored, but no job uses them. Is the quality right?"
            )?;
        } else if unused > 0 {
            writeln!(f, "stored, but used by no job, because not good: {}", grouped(unused))?;
        }
        if !self.points_without_good.is_empty() {
            let names = &self.points_without_good;
            writeln!(f, "without a good sample, so only the name counts: {}", some_of(names))?;
        }
        Ok(())
    }

    fn say_folders(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.folders.is_empty() {
            return Ok(());
        }
        let (count, named) = (grouped(self.folders.len() as u64), some_of(&self.folders));
        let of = grouped(self.points_of_folders);
        write!(f, "folders  {count} ({named}), the path of {of} points")?;
        match self.points_of_several_folders {
            0 => writeln!(f),
            several => writeln!(f, "; {} points are in several, so none is theirs", grouped(several)),
        }
    }

    fn say_oddities(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unlisted_points > 0 {
            let count = grouped(self.unlisted_points);
            writeln!(f, "points that no list has, taken from the samples: {count}")?;
        }
        if !self.states.is_empty() {
            writeln!(f, "points with states: {}", self.states.join("; "))?;
        }
        if self.repeated_samples > 0 {
            let count = grouped(self.repeated_samples);
            writeln!(f, "samples given again further down, where the last one counts: {count}")?;
        }
        for (unit, of_point, count) in &self.converted {
            let [unit, of_point] = [unit, of_point].map(|unit| shown(unit));
            writeln!(f, "samples in {unit} of points in {of_point}, converted: {}", grouped(*count))?;
        }
        if self.doubled_hours > 0 {
            let count = grouped(self.doubled_hours);
            writeln!(
                f,
                "samples of the hour that the clock showed twice, told apart by their order: {count}"
            )?;
        }
        if self.skipped_hours > 0 {
            let count = grouped(self.skipped_hours);
            writeln!(
                f,
                "warning: samples of an hour that the clock never showed: {count}. Is the time zone right?"
            )?;
        }
        Ok(())
    }
}

fn counted(texts: &[(String, u64)]) -> String {
    let named = |(text, count): &(String, u64)| match text.as_str() {
        "" => format!("{} empty", grouped(*count)),
        text => format!("{} '{}'", grouped(*count), shown(text)),
    };
    some_of(&texts.iter().map(named).collect::<Vec<_>>())
}

fn some_of(texts: &[String]) -> String {
    let named = texts.iter().take(TOLD).map(|text| shown(text)).collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(TOLD) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
