//! What people say the points are. Read for scoring and by the simulated reviewer, never by the engine.

use anyhow::{Context, Result, bail};
use pattern_core::library::EquipmentPattern;
use pattern_store::PointLabels;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

/// In a folder: lines `label,pattern` after a header of these names.
const ALIASES: &str = "aliases.csv";
/// In the column equipment: it is not known where this point belongs, so no score counts it.
const UNKNOWN: &str = "?";

/// The labels of a folder, by the names that the engine was given.
#[derive(Debug, Default)]
pub struct Truth {
    labels: HashMap<String, PointLabels>,
    /// Pattern of the library per label of equipment_type; `None`: the library has none for it.
    patterns: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Deserialize)]
struct Alias {
    label: String,
    pattern: String,
}

impl Truth {
    pub fn new(
        labels: HashMap<String, PointLabels>,
        aliases: &BTreeMap<String, Option<String>>,
    ) -> Result<Self> {
        if labels.values().all(|label| label.equipment.is_none()) {
            bail!(
                "points.csv has no labels; fill its columns equipment, equipment_type and role with what you \
                 know, then the engine can be compared with it"
            );
        }
        let library = pattern_core::library::builtin_of::<EquipmentPattern>();
        let types = labels.values().filter_map(|label| label.equipment_type.clone());
        let patterns = types.map(|label| {
            let pattern = aliases.get(&label).cloned().unwrap_or_else(|| pattern_called(&label, &library));
            (label, pattern)
        });
        Ok(Self { patterns: patterns.collect(), labels })
    }

    /// `None`: no score counts this point.
    pub fn label(&self, name: &str) -> Option<&PointLabels> {
        self.labels.get(name).filter(|label| label.equipment.as_deref() != Some(UNKNOWN))
    }

    /// Scored points and their labels.
    pub fn scored(&self) -> impl Iterator<Item = (&str, &PointLabels)> {
        self.labels.keys().filter_map(|name| Some((name.as_str(), self.label(name)?)))
    }

    /// What the library calls this label of equipment_type.
    pub fn pattern(&self, equipment_type: &str) -> Option<&str> {
        self.patterns.get(equipment_type)?.as_deref()
    }
}

/// The aliases of a folder, from `file` or from the folder itself.
pub fn read_aliases(dir: &Path, file: Option<&Path>) -> Result<BTreeMap<String, Option<String>>> {
    let path: PathBuf = match file {
        Some(path) => path.to_owned(),
        None if dir.join(ALIASES).exists() => dir.join(ALIASES),
        None => return Ok(BTreeMap::new()),
    };
    let library = pattern_core::library::builtin_of::<EquipmentPattern>();
    let context =
        || format!("cannot read {}; it needs lines `label,pattern` after this header", path.display());
    let mut aliases = BTreeMap::new();
    for alias in csv::Reader::from_path(&path).with_context(context)?.deserialize() {
        let Alias { label, pattern } = alias.with_context(context)?;
        let known = library.iter().any(|spec| spec.name == pattern);
        if !known && !pattern.is_empty() {
            bail!(
                "{}: the library has no pattern '{pattern}'; leave it empty where the library has none for '{label}'",
                path.display()
            );
        }
        aliases.insert(label, known.then_some(pattern));
    }
    Ok(aliases)
}

/// The pattern of this name, or the only one with this keyword.
fn pattern_called(label: &str, library: &[EquipmentPattern]) -> Option<String> {
    let same = |text: &str| text.eq_ignore_ascii_case(label.trim());
    if let Some(spec) = library.iter().find(|spec| same(&spec.name)) {
        return Some(spec.name.clone());
    }
    let mut called = library.iter().filter(|spec| spec.keywords.iter().any(|keyword| same(keyword)));
    match (called.next(), called.next()) {
        (Some(only), None) => Some(only.name.clone()),
        _ => None,
    }
}
