//! Metrics as Prometheus reads them. Each crate counts its own; here they are collected.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use pattern_core::metric::{Metric, MetricKind};
use std::{sync::OnceLock, time::Duration};

/// From a millisecond to an hour: decisions and jobs are measured alike.
const SECONDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0, 600.0, 3600.0];
/// Histograms are folded so often where nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to collect, once in a process however many services it runs.
pub fn start() {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &SECONDS);
    let recorder = builder.expect("there are buckets").build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        return;
    }
    drop(HANDLE.set(handle.clone()));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            handle.run_upkeep();
        }
    });
}

/// Says what these are, for those who read them.
pub fn describe(all: &[Metric]) {
    for metric in all {
        match metric.kind {
            MetricKind::Counter => {
                metrics::describe_counter!(metric.name, metric.meaning);
                // What never happened is 0, and not missing; with labels it is not known yet of what.
                if metric.labels.is_empty() {
                    metrics::counter!(metric.name).increment(0);
                }
            }
            MetricKind::Gauge => metrics::describe_gauge!(metric.name, metric.meaning),
            MetricKind::Histogram => metrics::describe_histogram!(metric.name, metric.meaning),
        }
    }
}

/// Everything that was collected, in Prometheus' text format; empty where nothing is.
pub fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}
