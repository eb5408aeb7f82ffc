use pattern_config::ApiSettings;
use std::time::Duration;

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections: usize,
    /// For the first line and the headers of a request.
    pub header: Duration,
    /// Between two requests on one connection.
    pub idle: Duration,
    /// For a client to take any part of what waits for it.
    pub write: Duration,
    /// After the signal to stop.
    pub drain: Duration,
}

impl From<&ApiSettings> for Limits {
    fn from(settings: &ApiSettings) -> Self {
        Self {
            connections: settings.max_connections,
            header: Duration::from_secs(settings.header_timeout_seconds),
            idle: Duration::from_secs(settings.idle_timeout_seconds),
            write: Duration::from_secs(settings.write_timeout_seconds),
            drain: Duration::from_secs(settings.drain_seconds),
        }
    }
}
