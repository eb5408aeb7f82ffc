use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
    value::Dict,
};
use std::{fs, path::Path};

use crate::{
    keys::Keys,
    secrets::{mask, mask_text},
    settings::Settings,
    variables::Variables,
};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("configuration file {0} does not exist; give an existing one with --config, or none")]
    MissingFile(String),
    #[error("configuration cannot be read: {0}")]
    Unreadable(String),
    #[error("configuration is not valid:\n  {}", .0.join("\n  "))]
    Invalid(Vec<String>),
}

/// Reads defaults, then `file`, then variables: `NAIA_KAFKA__BOOTSTRAP_SERVERS` sets
/// `kafka.bootstrap_servers` (two underscores stand for the dot), `NAIA_POSTGRES__URL_FILE` names a file that
/// holds `postgres.url`, and `WORKER_ID` sets `worker.id`. What means nothing is refused, with what was likely
/// meant.
pub fn load<S: Settings>(file: Option<&Path>) -> Result<S, ConfigError> {
    let keys = Keys::of_all_services();
    let mut figment = Figment::from(Serialized::defaults(S::default()));
    let mut problems = Vec::new();
    if let Some(path) = file {
        problems.extend(keys.problems_of(&read(path)?));
        figment = figment.merge(Toml::file(path));
    }
    let variables = Variables::read(std::env::vars_os(), &keys);
    problems.extend(variables.problems.iter().cloned());
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }
    let settings: S = figment.merge(variables).extract().map_err(|error| {
        ConfigError::Unreadable(mask_text(&error.to_string().replace("\"default.", "\"")))
    })?;
    match settings.problems() {
        problems if problems.is_empty() => Ok(settings),
        problems => Err(ConfigError::Invalid(problems)),
    }
}

/// What the file holds. A mistake is told by its line alone: the line itself may hold a password.
fn read(path: &Path) -> Result<Dict, ConfigError> {
    let name = path.display();
    if path.is_dir() {
        return Err(ConfigError::Unreadable(format!("{name} is a folder; name a file with --config")));
    }
    if !path.exists() {
        return Err(ConfigError::MissingFile(name.to_string()));
    }
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(format!("{name}: {error}")))?;
    toml::from_str(&text).map_err(|error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConfigError::Unreadable(format!("{name}, line {line}: {}", error.message()))
    })
}

/// The effective configuration as TOML, secrets masked. Keys that have no value are named in a comment.
pub fn dump<S: Settings>(settings: &S) -> String {
    let mut tree = serde_json::to_value(settings).expect("settings are plain values");
    let unset: Vec<String> = unset(&tree).collect();
    mask(&mut tree, "");
    let set = toml::to_string_pretty(&tree).expect("settings have no value that TOML lacks");
    if unset.is_empty() { set } else { format!("{set}\n# not set: {}\n", unset.join(", ")) }
}

fn unset(tree: &serde_json::Value) -> impl Iterator<Item = String> {
    let sections = tree.as_object().into_iter().flatten();
    sections.flat_map(|(section, keys)| {
        let unset = keys.as_object().into_iter().flatten().filter(|(_, value)| value.is_null());
        unset.map(move |(key, _)| format!("{section}.{key}"))
    })
}
