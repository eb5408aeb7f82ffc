//! What was read of all files, and what becomes of it once everything is known.

use pattern_core::domain::text::{self, TextRule};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    folders::Whereabouts,
    quality::{self, Kept, Scale},
    record::RawPoint,
    sample::{ReadSample, Reading},
    states::{Meanings, Shown},
    survey::Likeness,
};

/// A point with what all files say of it.
#[derive(Debug, Clone, Default)]
pub struct ReadPoint {
    pub name: String,
    pub unit: String,
    pub description: String,
    pub device: String,
    pub path: String,
    pub group: String,
    pub equipment: String,
    pub equipment_type: String,
    pub role: String,
    /// What its numbers mean, where a file says it.
    pub states: Vec<String>,
    /// Where a file lists it, by the file's place and the line.
    pub listed: Option<(usize, u64)>,
    pub samples: u64,
    pub(crate) shown: Shown,
    pub(crate) last_micros: i64,
    pub(crate) whereabouts: Whereabouts,
}

impl ReadPoint {
    pub(crate) fn of(raw: &RawPoint<'_>) -> Result<Self, String> {
        let clean = |column: &str, rule: TextRule, text: &str| {
            if text.is_empty() {
                return Ok(String::new());
            }
            rule.or_nothing().clean(text).map_err(|problem| format!("'{column}' {problem}"))
        };
        Ok(Self {
            name: text::NAME.clean(raw.name).map_err(|problem| format!("name {problem}"))?,
            unit: clean("unit", text::UNIT, raw.unit)?,
            description: clean("description", text::DESCRIPTION, raw.description)?,
            device: clean("device", text::NAME, raw.device)?,
            path: clean("path", text::NAME, raw.path)?,
            group: clean("group", text::NAME, raw.group)?,
            equipment: clean("equipment", text::NAME, raw.labels.equipment)?,
            equipment_type: clean("equipment_type", text::NAME, raw.labels.equipment_type)?,
            role: clean("role", text::NAME, raw.labels.role)?,
            states: raw.states.to_vec(),
            ..Self::default()
        })
    }

    /// Takes over what it does not know yet.
    pub(crate) fn complete(&mut self, other: Self) {
        for (mine, others) in [
            (&mut self.unit, other.unit),
            (&mut self.description, other.description),
            (&mut self.device, other.device),
            (&mut self.path, other.path),
            (&mut self.group, other.group),
            (&mut self.equipment, other.equipment),
            (&mut self.equipment_type, other.equipment_type),
            (&mut self.role, other.role),
        ] {
            if mine.is_empty() {
                *mine = others;
            }
        }
        if self.states.is_empty() {
            self.states = other.states;
        }
    }
}

/// A quality that was met in a file.
#[derive(Debug, Clone)]
pub(crate) struct MetQuality {
    pub file: usize,
    pub text: String,
    pub count: u64,
}

/// Everything that was read, but for the samples, which went elsewhere.
#[derive(Debug, Default)]
pub struct Content {
    pub points: Vec<ReadPoint>,
    /// The names of the files.
    pub files: Vec<String>,
    /// Samples that were handed on.
    pub samples: u64,
    pub rejected_points: u64,
    pub rejected_samples: u64,
    /// Samples without a value, by what stands there instead.
    pub gaps: BTreeMap<String, u64>,
    /// The folders that files lie in, but for those that only say when.
    pub folders: Vec<String>,
    /// Points whose path is the one folder that they are in, and points that are in several.
    pub points_of_folders: u64,
    pub points_of_several_folders: u64,
    /// Samples in the hour that a clock showed twice, or never.
    pub doubled_hours: u64,
    pub skipped_hours: u64,
    /// (unit, that of its point, how many) of samples that were converted.
    pub converted: Vec<(String, String, u64)>,
    pub(crate) qualities: Vec<MetQuality>,
    /// Of every file, what it has in common with those of the same program; and what its column of qualities is called.
    pub(crate) kinds: Vec<(Likeness, String)>,
}

/// What words and qualities mean.
#[derive(Debug)]
pub struct Resolved {
    /// By the place of the point.
    pub meanings: Vec<Meanings>,
    qualities: Vec<Kept>,
    /// (file, scale) of the files that have qualities in numbers.
    pub scales: Vec<(String, Scale)>,
    /// Qualities that are no word that is known, which do not count as good.
    pub unknown_qualities: Vec<(String, u64)>,
    /// Words out of which no value can be made.
    pub unmeant: Vec<Unmeant>,
    /// How many samples of each point hold such words.
    dropped: Vec<u64>,
}

/// A word that a point shows and that is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmeant {
    pub point: usize,
    pub word: String,
    pub count: u64,
    pub file: usize,
    pub line: u64,
}

impl Content {
    /// A point that is in one folder alone stands there, unless a file says better.
    pub(crate) fn take_folders_for_paths(&mut self) {
        for point in &mut self.points {
            match point.whereabouts {
                Whereabouts::In(folder) if point.path.is_empty() => {
                    point.path.clone_from(&self.folders[folder as usize]);
                    self.points_of_folders += 1;
                }
                Whereabouts::Several => self.points_of_several_folders += 1,
                Whereabouts::Nowhere | Whereabouts::In(_) => {}
            }
        }
    }

    /// Whether the point has anything to be stored: a line of its own, or a sample that is one.
    pub fn is_used(&self, place: usize, resolved: &Resolved) -> bool {
        let point = &self.points[place];
        point.listed.is_some() || point.samples > resolved.dropped[place]
    }

    /// `known` answers the states that a point has from earlier imports.
    pub fn resolve<'a>(&self, known: impl Fn(&str) -> &'a [String]) -> Resolved {
        let mut meanings = Vec::with_capacity(self.points.len());
        let mut unmeant = Vec::new();
        for (place, point) in self.points.iter().enumerate() {
            let known = match known(&point.name) {
                [] => &point.states,
                known => known,
            };
            let meant = match point.shown.words.is_empty() {
                true => Meanings { states: known.to_vec(), ..Meanings::default() },
                false => point.shown.meanings(known),
            };
            unmeant.extend(point.shown.words.iter().filter(|word| !meant.values.contains_key(&word.id)).map(
                |word| Unmeant {
                    point: place,
                    word: word.word.clone(),
                    count: word.count,
                    file: word.first.0,
                    line: word.first.1,
                },
            ));
            meanings.push(meant);
        }
        let (qualities, scales) = self.qualities();
        let unknown = self.qualities.iter().zip(&qualities).filter(|(_, kept)| !kept.is_known);
        let unknown_qualities = unknown.map(|(met, _)| (met.text.clone(), met.count)).collect();
        let mut dropped = vec![0; self.points.len()];
        unmeant.iter().for_each(|unmeant| dropped[unmeant.point] += unmeant.count);
        Resolved { meanings, qualities, scales, unknown_qualities, unmeant, dropped }
    }

    /// Files with the same columns are on one scale: a file of zeros beside one of 192 is of OPC DA.
    fn qualities(&self) -> (Vec<Kept>, Vec<(String, Scale)>) {
        let mut of_kind: HashMap<&Likeness, Vec<&str>> = HashMap::new();
        for met in &self.qualities {
            of_kind.entry(&self.kinds[met.file].0).or_default().push(&met.text);
        }
        let scale_of: HashMap<&Likeness, Scale> = self
            .kinds
            .iter()
            .filter_map(|(kind, header)| {
                let texts = of_kind.get(kind)?.iter().copied();
                Some((kind, Scale::of_column(header, texts)))
            })
            .collect();
        let scale = |file: usize| scale_of.get(&self.kinds[file].0).copied().unwrap_or(Scale::ZeroIsGood);
        let has_digits = |met: &&MetQuality| met.text.bytes().any(|byte| byte.is_ascii_digit());
        let numbered: BTreeSet<usize> =
            self.qualities.iter().filter(has_digits).map(|met| met.file).collect();
        let scales = numbered.into_iter().map(|file| (self.files[file].clone(), scale(file))).collect();
        let kept = self.qualities.iter().map(|met| quality::understand(&met.text, scale(met.file)));
        (kept.collect(), scales)
    }
}

impl Resolved {
    /// Value and quality of a sample; nothing where its word is no value. A gap is 0 of bad quality.
    pub fn sample(&self, sample: &ReadSample) -> Option<(f64, Kept)> {
        let kept = self.qualities[sample.quality as usize];
        match sample.value.reading() {
            Reading::Number(value) => Some((value, kept)),
            Reading::Gap => Some((0.0, Kept::GAP)),
            Reading::Word(id) => {
                let value = self.meanings[sample.point as usize].values.get(&id)?;
                Some((*value, kept))
            }
        }
    }
}
