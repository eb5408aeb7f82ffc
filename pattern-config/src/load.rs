use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::path::Path;

/// A whole configuration that can tell what is wrong with it.
pub trait Settings: Serialize + DeserializeOwned + Default {
    /// Every problem, each as `key: what is wrong, what to do`.
    fn problems(&self) -> Vec<String>;
}

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
    let figment = figment
        .merge(Env::raw().only(&["WORKER_ID"]).map(|_| "worker.id".into()))
        // Variables with a single underscore belong to tools around the services, not to them.
        .merge(Env::prefixed("NAIA_").filter(|key| key.as_str().contains("__")).split("__"));
    let settings: S = figment.extract().map_err(|e| ConfigError::Unreadable(e.to_string()))?;
    match settings.problems() {
        problems if problems.is_empty() => Ok(settings),
        problems => Err(ConfigError::Invalid(problems)),
    }
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
        Value::String(text) if key.contains("password") || key.contains("secret") => *text = "***".into(),
        Value::String(text) if key == "url" => *text = mask_url(text),
        _ => {}
    }
}

/// `postgres://naia:secret@host/db` becomes `postgres://naia:***@host/db`.
pub fn mask_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user_info, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    match user_info.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:***@{host}"),
        None => url.to_owned(),
    }
}
