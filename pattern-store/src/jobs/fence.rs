use sqlx::PgConnection;
use uuid::Uuid;

use super::JobContext;
use crate::{Result, Store, StoreError};

/// Lets a transaction write only while the attempt it belongs to is the current one: what a worker that
/// was given up for dead still brings, comes to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fence(Option<(Uuid, i32)>);

impl Fence {
    /// For writers that are no job.
    pub fn open() -> Self {
        Self(None)
    }

    pub fn of(context: &JobContext) -> Self {
        Self(Some((context.run_id, context.attempt)))
    }

    pub(crate) async fn confirm(&self, conn: &mut PgConnection) -> Result<()> {
        match self.0 {
            Some((run_id, attempt)) => Store::confirm_attempt(conn, run_id, attempt).await,
            None => Ok(()),
        }
    }
}

impl Store {
    /// Fails unless this attempt is still the current one of its run. Called inside the transaction
    /// that writes a job's work, it keeps a worker that was thought dead from writing over the one
    /// that took its place: the run can not change hands before the transaction ends.
    pub async fn confirm_attempt(conn: &mut PgConnection, run_id: Uuid, attempt: i32) -> Result<()> {
        // Not the run's row: it must stay free for whoever cancels the run while the job still writes.
        sqlx::query!(
            "select pg_advisory_xact_lock_shared(hashtextextended('fence ' || $1, 0))",
            run_id.to_string()
        )
        .execute(&mut *conn)
        .await?;
        let current = sqlx::query_scalar!(
            "select attempts from job_runs
             where id = $1 and attempts = $2 and status = 'running' and not cancel_requested",
            run_id,
            attempt
        )
        .fetch_optional(conn)
        .await?;
        match current {
            Some(_) => Ok(()),
            None => Err(StoreError::Conflict(format!(
                "attempt {attempt} of job run {run_id} is over; what it found is not kept"
            ))),
        }
    }
}

/// Waits until no transaction of the run's current attempt is open, and lets none begin: whoever ends
/// an attempt or begins the next one does this before it locks anything else.
pub(super) async fn take(conn: &mut PgConnection, run_id: Uuid) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('fence ' || $1, 0))", run_id.to_string())
        .execute(conn)
        .await?;
    Ok(())
}
