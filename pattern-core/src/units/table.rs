//! The spellings of `data/units.toml`.

use super::Unit;
use super::spelling::{folded, normal};
use super::ucum::{self, Code};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

/// A code that is longer is none; its brackets could be nested without end.
const LONGEST: usize = 80;

pub static UNITS: LazyLock<Units> = LazyLock::new(|| Units::of(&File::shipped()));

/// The file as it is written.
#[derive(Deserialize)]
pub(super) struct File {
    none: Vec<String>,
    ambiguous: Vec<String>,
    bases: Vec<(String, String)>,
    #[serde(flatten)]
    pub(super) dimensions: BTreeMap<String, Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    scale: Option<f64>,
    /// Instead of a scale: the code that tells it.
    code: Option<String>,
    #[serde(default)]
    offset: f64,
    #[serde(default)]
    basis: String,
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) cased: Vec<String>,
}

pub struct Units {
    /// By the folded spelling, case and all.
    cased: HashMap<String, Unit>,
    by_name: HashMap<String, Unit>,
    none: HashSet<String>,
    ambiguous: HashSet<String>,
    bases: Vec<(&'static str, Code)>,
}

impl File {
    pub(super) fn shipped() -> Self {
        toml::from_str(include_str!("../../data/units.toml")).expect("the shipped units are read by a test")
    }

    /// What an entry means, by any of its spellings.
    pub(super) fn unit(&self, dimension: &'static str, entry: &Entry, spelling: &str) -> Unit {
        let coded = || {
            let (_, base) = self.bases.iter().find(|(of, _)| of == dimension)?;
            ucum::parse(entry.code.as_deref()?)?.in_terms_of(&ucum::parse(base)?)
        };
        let scale = entry.scale.or_else(coded).expect("every shipped unit has a scale");
        let basis: &'static str = match entry.basis.as_str() {
            "" => "",
            "itself" => normal(spelling).leak(),
            basis => basis.to_owned().leak(),
        };
        Unit { dimension, scale, offset: entry.offset, basis }
    }
}

impl Units {
    fn of(file: &File) -> Self {
        let (mut cased, mut by_name) = (HashMap::new(), HashMap::new());
        let mut names: HashMap<&str, &'static str> = HashMap::new();
        for (dimension, entries) in &file.dimensions {
            // The table lives as long as the process, and so do its names.
            let leaked: &'static str = dimension.clone().leak();
            names.insert(dimension, leaked);
            for entry in entries {
                by_name.extend(entry.names.iter().map(|name| (normal(name), file.unit(leaked, entry, name))));
                cased.extend(entry.cased.iter().map(|name| (folded(name), file.unit(leaked, entry, name))));
            }
        }
        let bases =
            file.bases.iter().filter_map(|(of, code)| Some((*names.get(of.as_str())?, ucum::parse(code)?)));
        Self {
            cased,
            by_name,
            none: file.none.iter().map(|name| normal(name)).collect(),
            ambiguous: file.ambiguous.iter().map(|name| folded(name)).collect(),
            bases: bases.collect(),
        }
    }

    pub fn get(&self, spelling: &str) -> Option<Unit> {
        let folded = folded(spelling);
        if self.ambiguous.contains(&folded) {
            return None;
        }
        self.cased.get(&folded).or_else(|| self.by_name.get(&normal(spelling))).copied()
    }

    /// The unit of a code that is nobody's spelling.
    pub fn coded(&self, spelling: &str) -> Option<Unit> {
        let spelling = spelling.trim();
        let is_short = spelling.len() <= LONGEST;
        if !is_short || self.ambiguous.contains(spelling) || !ucum::is_sure(spelling) {
            return None;
        }
        let code = ucum::parse(spelling)?;
        self.bases.iter().find_map(|(dimension, base)| {
            let scale = code.in_terms_of(base)?;
            Some(Unit { dimension, scale, offset: 0.0, basis: "" })
        })
    }

    pub fn says_none(&self, spelling: &str) -> bool {
        let normal = normal(spelling);
        normal.is_empty() || self.none.contains(&normal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_means_two_units() {
        let file = File::shipped();
        let mut seen: HashMap<(bool, String), Unit> = HashMap::new();
        for (dimension, entries) in &file.dimensions {
            let dimension: &'static str = dimension.clone().leak();
            for entry in entries {
                let names = entry.names.iter().map(|name| (false, normal(name), name));
                for (cased, key, name) in
                    names.chain(entry.cased.iter().map(|name| (true, folded(name), name)))
                {
                    let unit = file.unit(dimension, entry, name);
                    let before = seen.insert((cased, key), unit);
                    assert!(before.is_none_or(|before| before == unit), "'{name}' of {dimension} is taken");
                }
            }
        }
    }

    #[test]
    fn every_base_is_of_a_dimension_that_has_units() {
        let file = File::shipped();
        assert_eq!(UNITS.bases.len(), file.bases.len());
    }

    /// The table was written from several sources; where a spelling is a UCUM code as well, both say the same.
    #[test]
    fn spellings_that_are_codes_are_worth_what_the_code_is() {
        let file = File::shipped();
        let bases: HashMap<&str, Code> = UNITS.bases.iter().cloned().collect();
        let (mut compared, mut differ) = (0, Vec::new());
        for (dimension, entries) in &file.dimensions {
            let leaked: &'static str = dimension.clone().leak();
            for (entry, name) in
                entries.iter().flat_map(|e| e.names.iter().chain(&e.cased).map(move |n| (e, n)))
            {
                let code = ucum::parse(name).filter(|_| ucum::is_sure(name));
                let (Some(code), Some(base)) = (code, bases.get(dimension.as_str())) else { continue };
                let Some(worth) = code.in_terms_of(base) else { continue };
                compared += 1;
                // Heat units and heads of water have several definitions; nm3 and km3 are normal and a thousand cubic metres.
                let scale = file.unit(leaked, entry, name).scale;
                if (worth / scale - 1.0).abs() > 1e-3
                    && !["nm3", "km3"].iter().any(|volume| name.contains(volume))
                {
                    differ.push(format!("{name} of {dimension}: {worth}, not {scale}"));
                }
            }
        }
        assert!(differ.is_empty(), "{differ:#?}");
        assert!(compared > 150, "{compared}");
    }
}
