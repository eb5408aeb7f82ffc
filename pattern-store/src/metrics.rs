//! What the store counts: decisions, runs of jobs, connections.

use metrics::{counter, gauge, histogram};
use pattern_core::metric::{
    Metric,
    MetricKind::{Counter, Gauge, Histogram},
};
use std::time::Duration;

const DECISIONS: &str = "naia_pattern_decisions_total";
const DECISION_SECONDS: &str = "naia_pattern_decision_duration_seconds";
const JOBS: &str = "naia_pattern_jobs_executed_total";
const JOB_SECONDS: &str = "naia_pattern_job_duration_seconds";
const HEARTBEATS: &str = "naia_pattern_worker_heartbeats_total";
const CONNECTIONS: &str = "naia_pattern_postgres_connections";

pub const ALL: &[Metric] = &[
    Metric {
        name: DECISIONS,
        kind: Counter,
        meaning: "Decisions that were asked for, by action and outcome (done, refused, failed)",
        labels: &["action", "outcome"],
    },
    Metric {
        name: DECISION_SECONDS,
        kind: Histogram,
        meaning: "How long a decision took, from the request to the end of its transaction",
        labels: &["action"],
    },
    Metric {
        name: JOBS,
        kind: Counter,
        meaning: "Attempts at runs of jobs that ended, by how: succeeded, split, failed, interrupted",
        labels: &["job", "outcome"],
    },
    Metric { name: JOB_SECONDS, kind: Histogram, meaning: "How long an attempt took", labels: &["job"] },
    Metric {
        name: HEARTBEATS,
        kind: Counter,
        meaning: "How often the worker reported that it is there",
        labels: &[],
    },
    Metric {
        name: CONNECTIONS,
        kind: Gauge,
        meaning: "Connections of the pool, by state: used, idle",
        labels: &["state"],
    },
];

pub(crate) fn decided(action: &'static str, outcome: &'static str, took: Duration) {
    counter!(DECISIONS, "action" => action, "outcome" => outcome).increment(1);
    histogram!(DECISION_SECONDS, "action" => action).record(took);
}

pub(crate) fn executed(job: &'static str, outcome: &'static str, took: Duration) {
    counter!(JOBS, "job" => job, "outcome" => outcome).increment(1);
    histogram!(JOB_SECONDS, "job" => job).record(took);
}

pub(crate) fn heartbeat() {
    counter!(HEARTBEATS).increment(1);
}

pub(crate) fn connections(used: u32, idle: u32) {
    gauge!(CONNECTIONS, "state" => "used").set(used);
    gauge!(CONNECTIONS, "state" => "idle").set(idle);
}
