use serde::Serialize;
use std::{thread::available_parallelism, time::Duration};

use crate::browser::Events;

/// What was measured.
pub struct Report {
    clients: u32,
    answered: Vec<Duration>,
    seen: Vec<Duration>,
    /// Decisions that came too late: the suggestion was not pending any more.
    pub refused: u64,
    events: Events,
}

#[derive(Serialize)]
struct Figures {
    decisions: usize,
    refused: u64,
    clients: u32,
    cores: usize,
    /// From sending the POST until the last browser had the event.
    seen_ms: Quantiles,
    /// From sending the POST to its answer.
    answered_ms: Quantiles,
    /// Of all browsers together.
    events: Events,
}

#[derive(Serialize)]
struct Quantiles {
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Report {
    pub fn new(clients: u32) -> Self {
        Self { clients, answered: Vec::new(), seen: Vec::new(), refused: 0, events: Events::default() }
    }

    pub fn add(&mut self, answered: Duration, seen: Duration) {
        self.answered.push(answered);
        self.seen.push(seen);
    }

    pub fn count(&mut self, events: Events) {
        self.events.received += events.received;
        self.events.missing += events.missing;
        self.events.doubled += events.doubled;
    }

    pub fn is_complete(&self) -> bool {
        self.events.missing == 0 && self.events.doubled == 0
    }

    fn figures(&self) -> Figures {
        Figures {
            decisions: self.seen.len(),
            refused: self.refused,
            clients: self.clients,
            cores: available_parallelism().map_or(1, usize::from),
            seen_ms: Quantiles::of(&self.seen),
            answered_ms: Quantiles::of(&self.answered),
            events: self.events,
        }
    }

    pub fn as_json(&self) -> String {
        serde_json::to_string_pretty(&self.figures()).expect("figures have string keys")
    }

    pub fn in_words(&self) -> String {
        let Figures { decisions, refused, clients, cores, seen_ms, answered_ms, events } = self.figures();
        format!(
            "{decisions} decisions, {clients} browsers looking on, {cores} cores\n\
             until the last browser saw it  {}\n\
             until the POST was answered    {}\n\
             events  {} received, {} missing, {} doubled; {refused} decisions came too late",
            seen_ms.in_words(),
            answered_ms.in_words(),
            events.received,
            events.missing,
            events.doubled
        )
    }
}

impl Quantiles {
    fn of(times: &[Duration]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let quantile = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            let time = sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default();
            (time.as_secs_f64() * 1e5).round() / 100.0
        };
        Self { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: quantile(1.0) }
    }

    fn in_words(&self) -> String {
        let Self { p50, p90, p99, max } = self;
        format!("p50 {p50:.1} ms, p90 {p90:.1} ms, p99 {p99:.1} ms, max {max:.1} ms")
    }
}
