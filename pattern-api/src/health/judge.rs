//! What the figures mean.

use chrono::{DateTime, Utc};
use pattern_store::jobs::QueueHealth;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use utoipa::ToSchema;

/// Samples that wait are taken in several times a second; a batch of many days takes some seconds.
const INGEST_STALLED: Duration = Duration::from_secs(10);
/// Events are published within milliseconds.
const RELAY_LATE: Duration = Duration::from_secs(5);
/// A worker that is restarted is back by then.
const UNSERVED: Duration = Duration::from_secs(15);
/// Runs wait for those before them, and a large analysis takes minutes.
const QUEUE_LATE: Duration = Duration::from_secs(30 * 60);

/// `degraded`: it serves, and something that should happen does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    Up,
    /// It serves, but something that should happen does not: see `degraded`.
    Degraded,
    /// It cannot serve: one of the parts that requests need is down.
    Down,
}

/// How everything is that the product needs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Health {
    pub status: HealthStatus,
    /// `up`, or what is wrong.
    pub parts: BTreeMap<String, String>,
    /// Names of the parts that are not well.
    pub degraded: Vec<String>,
    pub figures: Figures,
}

/// What the parts are judged by; null where it is not known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    /// Records of samples in Kafka that are not taken in yet.
    pub ingest_lag_records: Option<i64>,
    /// How long nothing was taken in although records wait.
    pub ingest_stalled_seconds: Option<f64>,
    /// Events that Kafka has not got yet, and how long the oldest has been waiting.
    pub unpublished_events: Option<i64>,
    pub oldest_unpublished_seconds: Option<f64>,
    /// Records that could not be understood or stored, and were not published again.
    pub dead_letters: Option<i64>,
    /// Records that Kafka deleted before they were read.
    pub records_never_read: Option<i64>,
    /// How long the oldest run that could start has been waiting.
    pub oldest_due_run_seconds: Option<f64>,
}

impl Health {
    pub fn live() -> Self {
        Self {
            status: HealthStatus::Up,
            parts: BTreeMap::new(),
            degraded: Vec::new(),
            figures: Figures::default(),
        }
    }

    /// `vital`: without it no request can be served.
    pub fn add(&mut self, name: &str, vital: bool, state: Result<(), String>) {
        let words = match state {
            Ok(()) => "up".to_owned(),
            Err(words) => {
                self.degraded.push(name.to_owned());
                let status = if vital { HealthStatus::Down } else { HealthStatus::Degraded };
                if self.status != HealthStatus::Down {
                    self.status = status;
                }
                words
            }
        };
        self.parts.insert(name.to_owned(), words);
    }
}

/// Since when samples wait and none is taken in.
#[derive(Debug, Default)]
pub(super) struct IngestProgress {
    stalled: Option<(Option<DateTime<Utc>>, Instant)>,
}

impl IngestProgress {
    /// Takes in the newest figures; answers how long nothing has moved. By this process's own clock: those of workers
    /// and databases may differ.
    pub fn stalled_for(&mut self, lag: i64, last: Option<DateTime<Utc>>, now: Instant) -> Duration {
        self.stalled = match self.stalled {
            _ if lag == 0 => None,
            Some((known, since)) if known == last => Some((known, since)),
            _ => Some((last, now)),
        };
        self.stalled.map(|(_, since)| now - since).unwrap_or_default()
    }
}

pub(super) fn ingest(lag: i64, last: Option<DateTime<Utc>>, stalled: Duration) -> Result<(), String> {
    if stalled < INGEST_STALLED {
        return Ok(());
    }
    let since = match last {
        Some(last) => format!("nothing was taken in since {}", last.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "nothing was ever taken in".to_owned(),
    };
    Err(format!("{lag} records of samples wait in kafka, {since}; see the log of the workers"))
}

pub(super) fn relay(unpublished: i64, oldest: Duration) -> Result<(), String> {
    if unpublished == 0 || oldest < RELAY_LATE {
        return Ok(());
    }
    Err(format!("{unpublished} events wait to be published, the oldest for {}", words(oldest)))
}

/// Since when something has been so.
#[derive(Debug, Default)]
pub(super) struct Since(Option<Instant>);

impl Since {
    pub fn lasts(&mut self, is_so: bool, now: Instant) -> Duration {
        if !is_so {
            self.0 = None;
            return Duration::ZERO;
        }
        now - *self.0.get_or_insert(now)
    }
}

/// `unserved`: how long there has been no worker at all.
pub(super) fn jobs(queues: &[QueueHealth], unserved: Duration) -> Result<(), String> {
    if unserved > UNSERVED {
        return Err(
            "no worker runs, so nothing is analysed, taken in or maintained; start naia-pattern-worker"
                .into(),
        );
    }
    let waited = |queue: &QueueHealth| Duration::from_secs_f64(queue.oldest_due_seconds.max(0.0));
    let problems: Vec<String> = queues
        .iter()
        .filter(|queue| queue.due > 0)
        .filter_map(|queue| {
            let waited = waited(queue);
            if queue.workers == 0 && waited > UNSERVED {
                Some(format!("no worker does {}, {} runs wait", queue.job, queue.due))
            } else if waited > QUEUE_LATE {
                Some(format!("the oldest run of {} waits for {}", queue.job, words(waited)))
            } else {
                None
            }
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

/// Coarse, so that the words do not change with every look.
fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{} s", seconds / 5 * 5),
        seconds @ 60..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(seconds, 0)
    }

    #[test]
    fn ingest_is_stalled_from_when_nothing_moves_while_records_wait() {
        let (mut progress, start) = (IngestProgress::default(), Instant::now());
        let mut look = |lag, last, after| {
            progress.stalled_for(lag, at(last), start + Duration::from_secs(after)).as_secs()
        };
        assert_eq!(look(0, 1, 0), 0);
        assert_eq!(look(5, 1, 100), 0, "records have only just come");
        assert_eq!(look(9, 1, 107), 7);
        assert_eq!(look(9, 2, 110), 0, "some were taken in");
        assert_eq!(look(9, 2, 130), 20);
        assert_eq!(look(0, 2, 131), 0);
        assert_eq!(look(1, 2, 140), 0);
    }

    #[test]
    fn a_vital_part_that_is_down_outweighs_what_is_degraded() {
        let mut health = Health::live();
        health.add("kafka", false, Err("away".into()));
        assert_eq!(health.status, HealthStatus::Degraded);
        health.add("postgres", true, Err("away".into()));
        health.add("relay", false, Err("late".into()));
        health.add("jobs", false, Ok(()));
        assert_eq!(health.status, HealthStatus::Down);
        assert_eq!(health.degraded, ["kafka", "postgres", "relay"]);
        assert_eq!(health.parts["jobs"], "up");
    }

    #[test]
    fn runs_that_nobody_serves_and_runs_that_wait_for_long_are_named() {
        let queue = |job: &str, workers, due, oldest_due_seconds| QueueHealth {
            job: job.into(),
            workers,
            due,
            oldest_due_seconds,
            running: 0,
            failed: 0,
            dead: 0,
        };
        let served = Duration::ZERO;
        assert_eq!(jobs(&[queue("sealing", 0, 0, 0.0), queue("maintenance", 0, 1, 3.0)], served), Ok(()));
        assert!(jobs(&[], Duration::from_secs(20)).is_err_and(|words| words.starts_with("no worker runs")));
        let problems = jobs(&[queue("sealing", 0, 2, 20.0), queue("maintenance", 1, 1, 7_260.0)], served);
        assert_eq!(
            problems.unwrap_err(),
            "no worker does sealing, 2 runs wait; the oldest run of maintenance waits for 2 h"
        );
    }
}
