use sqlx::PgConnection;
use uuid::Uuid;

use super::{JobContext, tile::Tile};
use crate::{Result, Store, StoreError};

/// Lets a transaction write only while the attempt it belongs to is the current one: what a worker that
/// was given up for dead still brings, comes to nothing. So does what a tile brings to a run that goes on without
/// it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fence(Option<(Uuid, i32, Option<Tile>)>);

impl Fence {
    /// For writers that are no job.
    pub fn open() -> Self {
        Self(None)
    }

    pub fn of(context: &JobContext) -> Self {
        Self(Some((context.run_id, context.attempt, context.tile)))
    }

    pub(crate) async fn confirm(&self, conn: &mut PgConnection) -> Result<()> {
        let Some((run_id, attempt, tile)) = self.0 else { return Ok(()) };
        Store::confirm_attempt(conn, run_id, attempt).await?;
        match tile {
            Some(tile) => confirm_generation(conn, &tile).await,
            None => Ok(()),
        }
    }
}

impl Store {
    /// Fails unless this attempt is still the current one of its run. Called inside the transaction
    /// that writes a job's work, it keeps a worker that was thought dead from writing over the one
    /// that took its place: the run cannot change hands before the transaction ends.
    pub async fn confirm_attempt(conn: &mut PgConnection, run_id: Uuid, attempt: i32) -> Result<()> {
        share(conn, run_id).await?;
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

async fn confirm_generation(conn: &mut PgConnection, tile: &Tile) -> Result<()> {
    share(conn, tile.run_id).await?;
    let current = sqlx::query_scalar!(
        "select attempts from job_runs
         where id = $1 and generation = $2 and status = 'running' and not cancel_requested",
        tile.run_id,
        tile.generation
    )
    .fetch_optional(conn)
    .await?;
    match current {
        Some(_) => Ok(()),
        None => Err(StoreError::Conflict(format!(
            "job run {} goes on without its tiles of attempt {}; what this one found is not kept",
            tile.run_id, tile.generation
        ))),
    }
}

/// Not the run's row: it must stay free for whoever cancels the run while the job still writes.
async fn share(conn: &mut PgConnection, run_id: Uuid) -> Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock_shared(hashtextextended('fence ' || $1, 0))",
        run_id.to_string()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Waits until no transaction of the run's current attempt is open, and lets none begin: whoever ends
/// an attempt or begins the next one does this before it locks anything else.
pub(super) async fn take(conn: &mut PgConnection, run_id: Uuid) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('fence ' || $1, 0))", run_id.to_string())
        .execute(conn)
        .await?;
    Ok(())
}
