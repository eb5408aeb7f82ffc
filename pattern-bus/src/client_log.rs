//! What librdkafka tells, in our log.
//!
//! A broker that is away makes every client of a process complain several times a second, and each
//! complaint comes twice: as a log line and as an error. Here all clients of a cluster share one outage,
//! and the log has one line when it begins, one a minute while it lasts, and one when it is over.

use pattern_store::outage::{News, Outage};
use rdkafka::{
    client::ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// By bootstrap servers: one process may know several clusters.
static OUTAGES: LazyLock<Mutex<HashMap<String, Outage<u64>>>> = LazyLock::new(Mutex::default);

fn outages() -> MutexGuard<'static, HashMap<String, Outage<u64>>> {
    OUTAGES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the log says that this cluster is away: who fails for that needs no line of its own.
pub(crate) fn is_away(bootstrap: &str) -> bool {
    outages().get(bootstrap).is_some_and(Outage::lasts)
}

/// The context of every Kafka client of ours.
pub(crate) struct ClientLog {
    bootstrap: String,
    client: u64,
}

impl ClientLog {
    pub fn new(bootstrap: &str) -> Self {
        static CLIENTS: AtomicU64 = AtomicU64::new(0);
        Self { bootstrap: bootstrap.to_owned(), client: CLIENTS.fetch_add(1, Ordering::Relaxed) }
    }

    fn fails(&self, reason: &str) {
        let mut all = outages();
        let outage = all.entry(self.bootstrap.clone()).or_default();
        match outage.fails(self.client, Instant::now()) {
            Some(News::Begins) => tracing::warn!(reason, "kafka does not answer, trying again"),
            Some(News::Lasts(time)) => {
                tracing::warn!(reason, seconds = time.as_secs(), "kafka still does not answer");
            }
            Some(News::Ends(_)) | None => tracing::debug!(reason, "kafka does not answer"),
        }
    }

    /// For a client whose statistics nobody reads: call it when it was answered.
    pub fn answers(&self) {
        if let Some(outage) = outages().get_mut(&self.bootstrap)
            && let Some(News::Ends(time)) = outage.answers(self.client, Instant::now())
        {
            // Who is shown that it went has to be shown that it is back.
            tracing::warn!(seconds = time.as_secs(), "kafka answers again");
        }
    }
}

impl Drop for ClientLog {
    fn drop(&mut self) {
        if let Some(outage) = outages().get_mut(&self.bootstrap) {
            outage.forget(&self.client);
        }
    }
}

impl ClientContext for ClientLog {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            // A connection that failed comes as an error too, and one that broke is followed by one that
            // fails, if it matters.
            _ if matches!(facility, "FAIL" | "ERROR") => tracing::debug!(facility, "librdkafka: {message}"),
            // A broker that hangs keeps its connections, and there is no error.
            _ if facility == "REQTMOUT" => self.fails(message),
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => tracing::error!(facility, "librdkafka: {message}"),
            RDKafkaLogLevel::Warning if is_tried_again(facility) => {
                tracing::info!(facility, "librdkafka: {message}");
            }
            RDKafkaLogLevel::Warning => tracing::warn!(facility, "librdkafka: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(facility, "librdkafka: {message}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(facility, "librdkafka: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            // The line says who does not answer; that this makes all of them says nothing new.
            Some(RDKafkaErrorCode::AllBrokersDown) => tracing::debug!("librdkafka: {reason}"),
            Some(code) if means_no_connection(code) => self.fails(reason),
            // What a consumer reads is its own business, and it hears of it.
            Some(RDKafkaErrorCode::AutoOffsetReset) => tracing::debug!(%error, "librdkafka: {reason}"),
            _ => tracing::warn!(%error, "librdkafka: {reason}"),
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        if all_brokers_answer(statistics) {
            self.answers();
        }
    }
}

impl ConsumerContext for ClientLog {}

/// Warnings of what comes right by itself once a broker is there, or has finished starting.
fn is_tried_again(facility: &str) -> bool {
    matches!(facility, "GETPID" | "COMMITFAIL" | "SESSTMOUT" | "METADATAUPDATE")
}

fn means_no_connection(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{Authentication, BrokerTransportFailure, OperationTimedOut, Resolve, SSL};
    matches!(code, Authentication | BrokerTransportFailure | OperationTimedOut | Resolve | SSL)
}

/// Whether the client is connected, and to each broker that it wants to be connected to.
fn all_brokers_answer(statistics: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Statistics {
        brokers: HashMap<String, Broker>,
    }
    #[derive(Deserialize)]
    struct Broker {
        state: String,
    }
    let Ok(Statistics { brokers }) = serde_json::from_slice(statistics) else { return false };
    brokers.values().any(|broker| broker.state == "UP")
        && brokers.values().all(|broker| matches!(broker.state.as_str(), "UP" | "INIT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_answers_when_every_wanted_broker_does() {
        let brokers = |states: &[&str]| {
            let brokers: serde_json::Map<_, _> = states
                .iter()
                .enumerate()
                .map(|(n, state)| (n.to_string(), serde_json::json!({ "state": state })))
                .collect();
            all_brokers_answer(&serde_json::to_vec(&serde_json::json!({ "brokers": brokers })).unwrap())
        };
        assert!(brokers(&["UP", "INIT"]));
        assert!(!brokers(&["UP", "TRY_CONNECT"]));
        assert!(!brokers(&["INIT"]));
        assert!(!brokers(&[]));
    }
}
