//! What the API counts: requests, connections, the roads of events, and what the health watch sees.

use axum::http::StatusCode;
use metrics::{counter, gauge, histogram};
use pattern_core::metric::{
    Metric,
    MetricKind::{Counter, Gauge, Histogram},
};
use pattern_store::jobs::QueueHealth;
use std::time::Duration;

use crate::health::Figures;

const REQUESTS: &str = "naia_pattern_http_request_duration_seconds";
const SOCKETS: &str = "naia_pattern_websocket_connections";
const EVENTS: &str = "naia_pattern_hub_events_total";
const RECOVERIES: &str = "naia_pattern_hub_recoveries_total";
const DUE: &str = "naia_pattern_queue_due_runs";
const DUE_AGE: &str = "naia_pattern_queue_oldest_due_seconds";
const WORKERS: &str = "naia_pattern_queue_workers";
const OUTBOX: &str = "naia_pattern_outbox_waiting_events";
const OUTBOX_AGE: &str = "naia_pattern_outbox_oldest_seconds";
const INGEST_LAG: &str = "naia_pattern_ingest_waiting_records";
const INGEST_STALLED: &str = "naia_pattern_ingest_stalled_seconds";

pub const ALL: &[Metric] = &[
    Metric {
        name: REQUESTS,
        kind: Histogram,
        meaning: "How long a request took, by method, route and status",
        labels: &["method", "route", "status"],
    },
    Metric { name: SOCKETS, kind: Gauge, meaning: "WebSockets that are open at this instance", labels: &[] },
    Metric {
        name: EVENTS,
        kind: Counter,
        meaning: "Events that came here, by road: kafka, or the outbox where Kafka did not bring them in time",
        labels: &["road"],
    },
    Metric {
        name: RECOVERIES,
        kind: Counter,
        meaning: "Clients that came back, by whether they got everything they missed (whole) or had to read anew (anew)",
        labels: &["outcome"],
    },
    Metric {
        name: DUE,
        kind: Gauge,
        meaning: "Runs of jobs that could start now and wait",
        labels: &["job"],
    },
    Metric {
        name: DUE_AGE,
        kind: Gauge,
        meaning: "How long the oldest of them has waited",
        labels: &["job"],
    },
    Metric { name: WORKERS, kind: Gauge, meaning: "Live workers that pull the job", labels: &["job"] },
    Metric { name: OUTBOX, kind: Gauge, meaning: "Events that Kafka has not acknowledged", labels: &[] },
    Metric {
        name: OUTBOX_AGE,
        kind: Gauge,
        meaning: "How long the oldest of them has waited: the relay's lag",
        labels: &[],
    },
    Metric {
        name: INGEST_LAG,
        kind: Gauge,
        meaning: "Records of samples that lie in Kafka and are not stored",
        labels: &[],
    },
    Metric {
        name: INGEST_STALLED,
        kind: Gauge,
        meaning: "How long records have waited without any being stored",
        labels: &[],
    },
];

/// `route`: as it is declared, so that ids make no metrics.
pub(crate) fn request(method: &'static str, route: String, status: StatusCode, took: Duration) {
    let status = status.as_str().to_owned();
    histogram!(REQUESTS, "method" => method, "route" => route, "status" => status).record(took);
}

pub(crate) fn socket_opened() {
    gauge!(SOCKETS).increment(1.0);
}

pub(crate) fn socket_closed() {
    gauge!(SOCKETS).decrement(1.0);
}

pub(crate) fn event(road: &'static str) {
    counter!(EVENTS, "road" => road).increment(1);
}

pub(crate) fn recovery(whole: bool) {
    counter!(RECOVERIES, "outcome" => if whole { "whole" } else { "anew" }).increment(1);
}

/// `known`: the job types of the installation; what another version queued has no metrics of its own.
pub(crate) fn queues(all: &[QueueHealth], known: impl Fn(&str) -> bool) {
    for queue in all.iter().filter(|queue| known(&queue.job)) {
        gauge!(DUE, "job" => queue.job.clone()).set(queue.due as f64);
        gauge!(DUE_AGE, "job" => queue.job.clone()).set(queue.oldest_due_seconds);
        gauge!(WORKERS, "job" => queue.job.clone()).set(queue.workers as f64);
    }
}

pub(crate) fn figures(seen: &Figures) {
    let set = |name: &'static str, value: Option<f64>| {
        if let Some(value) = value {
            gauge!(name).set(value);
        }
    };
    set(OUTBOX, seen.unpublished_events.map(|events| events as f64));
    set(OUTBOX_AGE, seen.oldest_unpublished_seconds);
    set(INGEST_LAG, seen.ingest_lag_records.map(|records| records as f64));
    set(INGEST_STALLED, seen.ingest_stalled_seconds);
}
