use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Common,
    machine::{Machine, peak_rss_bytes},
    measure::{Measured, median},
};

#[derive(Debug, Serialize)]
pub struct Report {
    benchmark: &'static str,
    points: u32,
    seed: u64,
    /// Parameters and counts of this benchmark.
    #[serde(flatten)]
    details: Map<String, Value>,
    /// Median.
    seconds: f64,
    seconds_all: Vec<f64>,
    /// What the seconds are of.
    timed: &'static str,
    /// Results: pairs, fingerprints, communities or episodes.
    kept: u64,
    peak_rss_bytes: Option<u64>,
    input_rss_bytes: Option<u64>,
    #[serde(flatten)]
    machine: Machine,
}

impl Report {
    pub fn new<T>(
        benchmark: &'static str,
        timed: &'static str,
        common: &Common,
        measured: &Measured<T>,
        kept: usize,
        details: &[(&str, Value)],
    ) -> Self {
        Self {
            benchmark,
            points: common.points,
            seed: common.seed,
            details: details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            seconds: median(&measured.seconds),
            seconds_all: measured.seconds.clone(),
            timed,
            kept: kept as u64,
            peak_rss_bytes: peak_rss_bytes(),
            input_rss_bytes: measured.input_rss_bytes,
            machine: Machine::here(),
        }
    }

    pub fn in_words(&self) -> String {
        let fastest = self.seconds_all.iter().copied().fold(f64::INFINITY, f64::min);
        let slowest = self.seconds_all.iter().copied().fold(0.0, f64::max);
        let mut lines = vec![
            format!("{} of {} points", self.benchmark, self.points),
            format!(
                "  seconds   {} (median of {}, {} to {})",
                brief(self.seconds),
                self.seconds_all.len(),
                brief(fastest),
                brief(slowest)
            ),
            format!("  timed     {}", self.timed),
            format!("  kept      {}", self.kept),
        ];
        lines.extend(self.details.iter().map(|(name, value)| format!("  {name:<9} {value}")));
        if let (Some(peak), Some(input)) = (self.peak_rss_bytes, self.input_rss_bytes) {
            lines.push(format!(
                "  memory    {} MiB at most, {} MiB with the input alone",
                peak >> 20,
                input >> 20
            ));
        }
        let model = self.machine.cpu_model.as_deref().unwrap_or("an unknown processor");
        let features = self.machine.cpu_features.join(" ");
        lines.push(format!("  machine   {} threads of {model} ({features})", self.machine.threads));
        lines.join("\n") + "\n"
    }
}

/// Four significant digits.
fn brief(seconds: f64) -> String {
    let digits = if seconds > 0.0 { (3 - seconds.log10().floor() as i32).clamp(0, 9) } else { 0 };
    format!("{seconds:.*}", digits as usize)
}
