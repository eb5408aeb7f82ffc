use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
    value::{Dict, Value as Parsed},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::path::Path;
use url::Url;

const MASK: &str = "***";

/// A whole configuration that can tell what is wrong with it.
pub trait Settings: Serialize + DeserializeOwned + Default {
    /// Every problem, each as `key: what is wrong, what to do`.
    fn problems(&self) -> Vec<String>;
}

/// The sections of all services: they share files and environments, so each one passes over what is
/// another's, and none over a misspelt name.
const SECTIONS: [&str; 6] = ["api", "kafka", "pattern_engine", "postgres", "schedule", "worker"];

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("configuration file {0} does not exist; give an existing one with --config, or none")]
    MissingFile(String),
    #[error("configuration can not be read: {0}")]
    Unreadable(String),
    #[error("configuration is not valid:\n  {}", .0.join("\n  "))]
    Invalid(Vec<String>),
}

/// Reads defaults, then `file`, then variables: `NAIA_KAFKA__BOOTSTRAP_SERVERS` sets
/// `kafka.bootstrap_servers` (two underscores stand for the dot), and `WORKER_ID` sets `worker.id`.
pub fn load<S: Settings>(file: Option<&Path>) -> Result<S, ConfigError> {
    let mut figment = Figment::from(Serialized::defaults(S::default()));
    if let Some(path) = file {
        if !path.is_file() {
            return Err(ConfigError::MissingFile(path.display().to_string()));
        }
        figment = figment.merge(Toml::file(path));
    }
    let defaults = serde_json::to_value(S::default()).expect("settings are plain values");
    for variables in [
        Env::raw().only(&["WORKER_ID"]).map(|_| "worker.id".into()),
        // Variables with a single underscore belong to tools around the services, not to them.
        Env::prefixed("NAIA_").filter(|key| key.as_str().contains("__")).split("__"),
    ] {
        let texts: Vec<_> =
            variables.iter().filter(|(key, text)| is_text(&defaults, key.as_str(), text)).collect();
        figment = figment.merge(variables);
        for (key, text) in texts {
            figment = figment.merge((key.as_str(), text));
        }
    }
    let unreadable = |e: figment::Error| ConfigError::Unreadable(e.to_string());
    let sections: Dict = figment.extract().map_err(unreadable)?;
    if let Some(unknown) = sections.keys().find(|name| !SECTIONS.contains(&name.as_str())) {
        let known = SECTIONS.join(", ");
        return Err(ConfigError::Unreadable(format!("there is no section {unknown}; there are {known}")));
    }
    let settings: S = figment.extract().map_err(unreadable)?;
    match settings.problems() {
        problems if problems.is_empty() => Ok(settings),
        problems => Err(ConfigError::Invalid(problems)),
    }
}

/// Whether a variable that looks like a number or a truth value sets a text: `7` may well name a worker.
fn is_text(defaults: &Value, key: &str, text: &str) -> bool {
    let default = key.split('.').try_fold(defaults, |section, name| section.get(name));
    let takes_text = default.is_some_and(|default| default.is_string() || default.is_null());
    takes_text && !matches!(text.parse(), Ok(Parsed::String(..)))
}

/// The effective configuration as TOML, secrets masked.
pub fn dump<S: Settings>(settings: &S) -> String {
    let mut tree = serde_json::to_value(settings).expect("settings are plain values");
    mask(&mut tree, "");
    toml::to_string_pretty(&tree).expect("settings have no value that TOML lacks")
}

fn mask(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, v| !v.is_null());
            fields.iter_mut().for_each(|(key, v)| mask(v, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| mask(v, key)),
        Value::String(text) if is_secret(key) => *text = MASK.into(),
        Value::String(text) if key.ends_with("url") => *text = mask_url(text),
        _ => {}
    }
}

fn is_secret(key: &str) -> bool {
    key.contains("password") || key.contains("secret") || key.ends_with("key.pem")
}

/// `postgres://naia:secret@host/db` becomes `postgres://naia:***@host/db`.
fn mask_url(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return MASK.into() };
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.into();
    }
    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if parameters.iter().any(|(name, _)| is_secret(name)) {
        let masked = parameters.iter().map(|(name, v)| (name, if is_secret(name) { MASK } else { v }));
        url.query_pairs_mut().clear().extend_pairs(masked);
    }
    url.into()
}
