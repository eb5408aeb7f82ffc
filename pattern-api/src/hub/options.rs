use std::time::Duration;

/// How the hub and its WebSocket connections behave.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// Newest events kept for clients that resume; older ones are read from the outbox.
    pub ring_bytes: usize,
    /// How many of the newest events are read at start.
    pub warm_events: i64,
    /// How long Kafka may take to bring what is known to exist.
    pub gap_wait: Duration,
    /// A client further behind than this is closed and comes back to recover. The ring must be larger.
    pub client_backlog_bytes: u64,
    pub ping_every: Duration,
    pub pong_within: Duration,
    pub authenticate_within: Duration,
    /// Origins (`https://host[:port]`) that may connect beside the one the page came from.
    pub allowed_origins: Vec<String>,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            ring_bytes: 16 << 20,
            warm_events: 1000,
            gap_wait: Duration::from_millis(200),
            client_backlog_bytes: 4 << 20,
            ping_every: Duration::from_secs(25),
            pong_within: Duration::from_secs(8),
            authenticate_within: Duration::from_secs(10),
            allowed_origins: Vec::new(),
        }
    }
}
