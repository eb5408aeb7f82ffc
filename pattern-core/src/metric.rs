//! What a metric is called and means. Each crate declares its own in its `metrics.rs`.

/// A metric as Prometheus has it. The unit is the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    pub meaning: &'static str,
    /// Their values are few and known: never a point, an id or a name that people gave.
    pub labels: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only rises.
    Counter,
    /// As it is now.
    Gauge,
    /// How long something took, in seconds.
    Histogram,
}
