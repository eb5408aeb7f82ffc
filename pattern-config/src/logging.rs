//! What the programs log: lines for people or JSON for machines, on stderr.

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    pub format: LogFormat,
    /// What is logged: `info`, or by part `info,pattern_bus=debug`. The variable RUST_LOG wins over it.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,sqlx=error,sqlx::postgres::notice=off".into() }
    }
}

impl LogConfig {
    pub(crate) fn problem(&self) -> Option<String> {
        let error = match EnvFilter::try_new(&self.filter) {
            Err(error) => error.to_string(),
            // Taken for the name of a part, and then nothing else is logged.
            Ok(_) => format!("'{}' is no level", self.filter.split(',').find(|part| is_no_level(part))?),
        };
        Some(format!(
            "log.filter: '{}' cannot be used: {error}; write for example 'info' or 'info,pattern_bus=debug'",
            self.filter
        ))
    }
}

fn is_no_level(directive: &str) -> bool {
    !directive.contains(['=', '[']) && directive.trim().parse::<LevelFilter>().is_err()
}
