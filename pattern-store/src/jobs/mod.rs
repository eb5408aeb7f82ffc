//! The job queue. Architecture invariant: only this module names apalis.
//!
//! `job_runs` is the authority: what is to be done, how often it was tried, how it ended. A row of
//! apalis only brings a run to a worker ("delivery"); it carries the run's id and nothing else.
//! Whatever apalis loses or repeats, a run is started and finished by compare-and-set on its row.

mod attempt;
mod backend;
mod backoff;
mod begin;
mod bell;
mod control;
mod deliveries;
mod ending;
mod enqueue;
mod execute;
mod fence;
mod health;
mod lifecycle;
mod read;
mod schedule;
mod tile;
mod tiles;
mod trigger;
mod watch;
mod workers;

pub use enqueue::{Chain, NewRun, Terms};
pub use fence::Fence;
pub use health::{Pruned, QueueHealth};
pub use lifecycle::NewTile;
pub use read::RunFilter;
pub use schedule::Scheduled;
pub use tile::Tile;
pub use trigger::Order;
pub use workers::{WorkerOptions, hostname, run_workers};

use futures_util::future::BoxFuture;
use pattern_core::domain::JobName;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{PgPool, Result, StoreError};

/// What a job is told when it runs.
#[derive(Debug, Clone)]
pub struct JobContext {
    pub run_id: Uuid,
    pub job: JobName,
    /// As the job declares; [`JobContext::arguments`] reads them.
    pub arguments: Value,
    /// `None` means every data source.
    pub data_source_id: Option<Uuid>,
    /// Number of this attempt, from 1. With `run_id` it fences what the job writes: see
    /// [`Store::confirm_attempt`](crate::Store::confirm_attempt).
    pub attempt: i32,
    /// Which part of another run this one is.
    pub tile: Option<Tile>,
    /// Of a run that was split: what it answered then. Its tiles are done.
    pub so_far: Option<Value>,
    /// Fires when the run is cancelled, takes too long, or its worker shuts down. A job looks at it
    /// between steps and returns early; what it returns then does not matter.
    pub cancelled: CancellationToken,
}

impl JobContext {
    /// What the run is asked to do, as the job's type has it. They were checked when the run was made; another version
    /// may have made it.
    pub fn arguments<Arguments: DeserializeOwned>(&self) -> Result<Arguments, JobError> {
        Arguments::deserialize(&self.arguments)
            .map_err(|e| JobError::GiveUp(format!("this version does not understand the arguments: {e}")))
    }
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Trying again later may help.
    #[error("{0}")]
    Retry(String),
    /// Trying again cannot help; the run is dead at once.
    #[error("{0}")]
    GiveUp(String),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// What a job has to say at its end.
#[derive(Debug, Clone)]
pub enum JobOutcome {
    /// Kept as the run's result.
    Done(Value),
    /// Other runs, on any worker, are to do parts of the work. When all of them succeeded, the job is run again,
    /// and told what it answered so far.
    Split { tiles: Vec<NewTile>, so_far: Value },
}

impl From<Value> for JobOutcome {
    fn from(result: Value) -> Self {
        Self::Done(result)
    }
}

/// Does a job's work.
///
/// It runs on a thread of its own, so blocking there stops nobody else's work.
pub type Handler = Arc<dyn Fn(JobContext) -> BoxFuture<'static, Result<JobOutcome, JobError>> + Send + Sync>;

/// One of the queue's own tables: without it there is no queue.
pub(crate) const QUEUE_TABLE: &str = "apalis.jobs";

/// Creates the queue's own tables, in the schema `apalis`. Safe to repeat.
pub(crate) async fn setup(pool: &PgPool) -> Result<()> {
    apalis_postgres::PostgresStorage::setup(pool)
        .await
        .map_err(|e| StoreError::Migration(format!("the job queue's tables cannot be created: {e}")))
}
