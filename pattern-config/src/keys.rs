//! Which keys there are, and which one somebody meant who wrote another.

use figment::value::{Dict, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

use crate::settings::{ApiConfig, WorkerConfig};

/// librdkafka's own properties: any name goes.
pub(crate) const OPTIONS: &str = "kafka.options";

/// The sections of all services with the defaults of their keys. They share files and environments, so each
/// one passes over what is another's, and none over a misspelt name.
pub(crate) struct Keys(BTreeMap<String, BTreeMap<String, Json>>);

impl Keys {
    pub fn of_all_services() -> Self {
        let mut sections = BTreeMap::new();
        for service in [json!(WorkerConfig::default()), json!(ApiConfig::default())] {
            for (section, keys) in service.as_object().into_iter().flatten() {
                let keys = keys.as_object().cloned().unwrap_or_default();
                sections.insert(section.clone(), keys.into_iter().collect());
            }
        }
        Self(sections)
    }

    pub fn default_of(&self, section: &str, key: &str) -> Option<&Json> {
        self.0.get(section)?.get(key)
    }

    /// `section.key`, all of them.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(section, keys)| keys.keys().map(move |key| format!("{section}.{key}")))
    }

    /// What of a file means nothing. Says no values: they may be secrets.
    pub fn problems_of(&self, file: &Dict) -> Vec<String> {
        let mut problems = Vec::new();
        for (section, value) in file {
            let Some(known) = self.0.get(section) else {
                let likely = or_all(likely(section, self.0.keys().cloned()), self.0.keys());
                problems.push(format!("{section}: there is no such section; {likely}"));
                continue;
            };
            let Value::Dict(_, keys) = value else {
                problems.push(format!("{section}: is a section, and needs a key: {}", list(section, known)));
                continue;
            };
            for key in keys.keys().filter(|key| !known.contains_key(*key)) {
                let likely = match likely(key, known.keys().cloned()) {
                    Some(meant) => format!("did you mean {section}.{meant}?"),
                    None => format!("there are {}", list(section, known)),
                };
                problems.push(format!("{section}.{key}: there is no such key; {likely}"));
            }
        }
        problems
    }
}

fn list(section: &str, keys: &BTreeMap<String, Json>) -> String {
    keys.keys().map(|key| format!("{section}.{key}")).collect::<Vec<_>>().join(", ")
}

fn or_all<'a>(meant: Option<String>, all: impl Iterator<Item = &'a String>) -> String {
    match meant {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("there are {}", all.cloned().collect::<Vec<_>>().join(", ")),
    }
}

/// The candidate that differs least, where it does not differ in more than a third.
pub(crate) fn likely(written: &str, candidates: impl IntoIterator<Item = String>) -> Option<String> {
    let distance = |candidate: &String| strsim::damerau_levenshtein(written, candidate);
    let nearest = candidates.into_iter().min_by_key(distance)?;
    (distance(&nearest) * 3 <= written.chars().count()).then_some(nearest)
}
