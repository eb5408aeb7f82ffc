use axum::extract::ws::Utf8Bytes;
use pattern_bus::Backoff;
use pattern_core::domain::{JobRun, Position, RunStatus};
use pattern_store::{Result, Store, StoreError, jobs::RunFilter};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::Hub;
use crate::health::Health;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const RECENT_RUNS: i64 = 50;
const OPEN: [RunStatus; 3] = [RunStatus::Queued, RunStatus::Running, RunStatus::Failed];
/// Of each kind of open ones.
const MOST: i64 = 500;

/// What a client can subscribe to that has no history: it is shown as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateChannel {
    Jobs,
    Stats,
    Health,
}

/// The state of a channel as messages, serialised once for all clients.
#[derive(Debug, Clone, Default)]
pub struct CurrentState {
    /// Raised with every change; 0: not known yet.
    pub number: u64,
    pub whole: Utf8Bytes,
    /// What changed since the number before.
    pub change: Utf8Bytes,
}

/// Figures of this instance and of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statistics {
    pub position: Position,
    pub connections: usize,
    pub pending_count: i64,
    /// Events that wait for Kafka.
    pub unpublished_events: i64,
    pub ring_events: usize,
    pub ring_bytes: usize,
    /// Resumes of this instance that were answered with everything missed, and those that were not.
    pub recovered: u64,
    pub not_recovered: u64,
}

/// A message of one of these channels.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StateMessage<'a> {
    Jobs {
        runs: &'a [&'a JobRun],
    },
    Stats {
        #[serde(flatten)]
        statistics: &'a Statistics,
    },
    Health {
        #[serde(flatten)]
        health: &'a Health,
    },
}

impl StateMessage<'_> {
    fn text(&self) -> Utf8Bytes {
        serde_json::to_string(self).expect("a state message has string keys").into()
    }
}

#[derive(Debug, Default)]
pub struct Current {
    jobs: watch::Sender<CurrentState>,
    stats: watch::Sender<CurrentState>,
    health: watch::Sender<CurrentState>,
    subscribed: Notify,
}

impl Current {
    pub fn watch(&self, channel: StateChannel) -> watch::Receiver<CurrentState> {
        let receiver = self.sender(channel).subscribe();
        self.subscribed.notify_one();
        receiver
    }

    fn sender(&self, channel: StateChannel) -> &watch::Sender<CurrentState> {
        match channel {
            StateChannel::Jobs => &self.jobs,
            StateChannel::Stats => &self.stats,
            StateChannel::Health => &self.health,
        }
    }
}

fn publish(sender: &watch::Sender<CurrentState>, whole: Utf8Bytes, change: Utf8Bytes) {
    sender.send_modify(|state| *state = CurrentState { number: state.number + 1, whole, change });
}

/// Looks at what somebody is subscribed to, and tells what changed.
pub async fn follow_current_state(hub: Arc<Hub>) {
    let mut runs = HashMap::new();
    let mut statistics = None;
    let mut backoff = Backoff::default();
    while !hub.shutdown.is_cancelled() {
        match look(&hub, &mut runs, &mut statistics).await {
            Ok(()) => {
                backoff.reset();
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = hub.current.subscribed.notified() => {}
                    () = hub.shutdown.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::debug!(%error, "jobs and figures cannot be read");
                backoff.wait(&hub.shutdown).await;
            }
        }
    }
}

/// Tells what is well and what is not, whenever that changes.
pub async fn follow_health(hub: Arc<Hub>) {
    let mut watch = hub.health.clone();
    while let Some(health) = watch.changed().await {
        let text = StateMessage::Health { health: &health }.text();
        publish(&hub.current.health, text.clone(), text);
    }
}

async fn look(
    hub: &Hub,
    runs: &mut HashMap<Uuid, JobRun>,
    statistics: &mut Option<Statistics>,
) -> Result<()> {
    let current = &hub.current;
    if current.jobs.receiver_count() > 0 {
        let now = shown_runs(&hub.store, runs).await?;
        let changed: Vec<_> = now.iter().filter(|run| runs.get(&run.id) != Some(*run)).collect();
        if !changed.is_empty() || current.jobs.borrow().number == 0 {
            let whole = StateMessage::Jobs { runs: &now.iter().collect::<Vec<_>>() }.text();
            publish(&current.jobs, whole, StateMessage::Jobs { runs: &changed }.text());
            *runs = now.into_iter().map(|run| (run.id, run)).collect();
        }
    }
    if current.stats.receiver_count() > 0 {
        let now = hub.statistics().await?;
        if statistics.as_ref() != Some(&now) {
            let text = StateMessage::Stats { statistics: &now }.text();
            publish(&current.stats, text.clone(), text);
            *statistics = Some(now);
        }
    }
    Ok(())
}

/// The newest runs, every open one, and those that were open a moment ago: a long chain would otherwise
/// stay `running` for good once enough short ones came after it.
async fn shown_runs(store: &Store, before: &HashMap<Uuid, JobRun>) -> Result<Vec<JobRun>> {
    let mut shown = HashMap::new();
    for (status, limit) in [None].into_iter().chain(OPEN.map(Some)).zip([RECENT_RUNS, MOST, MOST, MOST]) {
        let runs = store.job_runs(&RunFilter { status, limit, ..RunFilter::default() }).await?;
        shown.extend(runs.into_iter().map(|run| (run.id, run)));
    }
    for run in before.values().filter(|run| OPEN.contains(&run.status)) {
        if !shown.contains_key(&run.id) {
            match store.job_run(run.id).await {
                Ok(run) => drop(shown.insert(run.id, run)),
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let mut shown: Vec<_> = shown.into_values().collect();
    shown.sort_by_key(|run| Reverse((run.created_at, run.id)));
    Ok(shown)
}
