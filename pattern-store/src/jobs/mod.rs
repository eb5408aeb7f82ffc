//! The job queue. Architecture invariant: only this module names apalis.
//!
//! `job_runs` is the authority: what is to be done, how often it was tried, how it ended. A row of
//! apalis only brings a run to a worker ("delivery"); it carries the run's id and nothing else.
//! Whatever apalis loses or repeats, a run is started and finished by compare-and-set on its row.

mod backend;
mod backoff;
mod begin;
mod bell;
mod control;
mod deliveries;
mod enqueue;
mod execute;
mod fence;
mod health;
mod lifecycle;
mod read;
mod schedule;
mod watch;
mod workers;

pub use enqueue::{Chain, NewRun};
pub use fence::Fence;
pub use health::{Pruned, QueueHealth};
pub use read::RunFilter;
pub use schedule::Scheduled;
pub use workers::{WorkerOptions, hostname, run_workers};

use futures_util::future::BoxFuture;
use pattern_core::domain::JobName;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{PgPool, Result, StoreError};

/// What a job is told when it runs.
#[derive(Debug, Clone)]
pub struct JobContext {
    pub run_id: Uuid,
    pub job: JobName,
    /// `None` means every data source.
    pub data_source_id: Option<Uuid>,
    /// Number of this attempt, from 1. With `run_id` it fences what the job writes: see
    /// [`Store::confirm_attempt`](crate::Store::confirm_attempt).
    pub attempt: i32,
    /// Fires when the run is cancelled, takes too long, or its worker shuts down. A job looks at it
    /// between steps and returns early; what it returns then does not matter.
    pub cancelled: CancellationToken,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Trying again later may help.
    #[error("{0}")]
    Retry(String),
    /// Trying again can not help; the run is dead at once.
    #[error("{0}")]
    GiveUp(String),
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Does a job's work. What it answers is kept as the run's result.
///
/// It runs on a thread of its own, so blocking there stops nobody else's work.
pub type Handler =
    Arc<dyn Fn(JobContext) -> BoxFuture<'static, Result<serde_json::Value, JobError>> + Send + Sync>;

/// Creates the queue's own tables, in the schema `apalis`. Safe to repeat.
pub(crate) async fn setup(pool: &PgPool) -> Result<()> {
    apalis_postgres::PostgresStorage::setup(pool)
        .await
        .map_err(|e| StoreError::Migration(format!("the job queue's tables can not be created: {e}")))
}
