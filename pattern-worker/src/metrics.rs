//! What the worker counts besides what the store and the bus do.

use metrics::counter;
use pattern_core::metric::{Metric, MetricKind::Counter};

const SCHEDULED: &str = "naia_pattern_scheduled_runs_total";

pub const ALL: &[Metric] = &[Metric {
    name: SCHEDULED,
    kind: Counter,
    meaning: "Runs that a schedule queued, by what it sets off",
    labels: &["what"],
}];

pub(crate) fn scheduled(what: &'static str, runs: usize) {
    counter!(SCHEDULED, "what" => what).increment(runs as u64);
}
