//! What the bus counts: records sent and consumed, samples, dead letters.

use metrics::{counter, histogram};
use pattern_core::metric::{
    Metric,
    MetricKind::{Counter, Histogram},
};
use std::time::Duration;

const SENT: &str = "naia_pattern_kafka_records_sent_total";
const SEND_SECONDS: &str = "naia_pattern_relay_send_duration_seconds";
const CONSUMED: &str = "naia_pattern_kafka_records_consumed_total";
const SAMPLES: &str = "naia_pattern_samples_ingested_total";
const DEAD_LETTERS: &str = "naia_pattern_dead_letters_total";

pub const ALL: &[Metric] = &[
    Metric {
        name: SENT,
        kind: Counter,
        meaning: "Events that the relay sent to Kafka, by topic and outcome (acknowledged, failed)",
        labels: &["topic", "outcome"],
    },
    Metric {
        name: SEND_SECONDS,
        kind: Histogram,
        meaning: "How long a batch of events took, from reading the outbox to Kafka's acknowledgement",
        labels: &[],
    },
    Metric {
        name: CONSUMED,
        kind: Counter,
        meaning: "Records that were taken from Kafka, by topic",
        labels: &["topic"],
    },
    Metric {
        name: SAMPLES,
        kind: Counter,
        meaning: "Samples of records that were stored, those of days that are sealed included",
        labels: &[],
    },
    Metric {
        name: DEAD_LETTERS,
        kind: Counter,
        meaning: "Records that could not be understood or stored, and were put aside",
        labels: &[],
    },
];

/// `topic` without the installation's prefix.
pub(crate) fn sent(topic: &str, acknowledged: bool) {
    let outcome = if acknowledged { "acknowledged" } else { "failed" };
    counter!(SENT, "topic" => topic.to_owned(), "outcome" => outcome).increment(1);
}

pub(crate) fn batch_sent(took: Duration) {
    histogram!(SEND_SECONDS).record(took);
}

pub(crate) fn consumed(topic: &'static str, records: usize) {
    counter!(CONSUMED, "topic" => topic).increment(records as u64);
}

pub(crate) fn stored(samples: u64, dead: usize) {
    counter!(SAMPLES).increment(samples);
    counter!(DEAD_LETTERS).increment(dead as u64);
}
