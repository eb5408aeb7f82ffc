//! What the programs log: lines for people or JSON for machines, on stderr.

use serde::{Deserialize, Serialize};
use std::io::{IsTerminal, stderr};
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

    /// Starts logging as configured. Called once, first thing.
    pub fn start(&self) {
        start(self.format, filter("RUST_LOG", &self.filter), true);
    }
}

fn is_no_level(directive: &str) -> bool {
    !directive.contains(['=', '[']) && directive.trim().parse::<LevelFilter>().is_err()
}

/// What the variable asks for; `usual` where it does not, or asks for what cannot be.
pub fn filter(variable: &str, usual: &str) -> EnvFilter {
    let asked = std::env::var(variable).ok().filter(|asked| !asked.trim().is_empty());
    match asked.as_deref().map(EnvFilter::try_new) {
        Some(Ok(filter)) => filter,
        Some(Err(error)) => {
            eprintln!("{variable} cannot be used, '{usual}' is logged: {error}");
            EnvFilter::new(usual)
        }
        None => EnvFilter::new(usual),
    }
}

/// `with_target`: each line names the part of the program it comes from.
pub fn start(format: LogFormat, filter: EnvFilter, with_target: bool) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_target(with_target)
        // Told on stderr, which is what failed, that would be a panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => builder.with_ansi(is_colourful()).init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).init(),
    }
}

/// Colours are for a person in front of a terminal who did not ask to be spared them (no-color.org).
fn is_colourful() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|asked| asked.is_empty())
}
