//! How an attempt ends. Locks are taken in one order: the run's fence, the chain, the run that it is a tile of,
//! the run, its delivery.

use pattern_core::domain::JobName;
use serde_json::Value;
use sqlx::{PgConnection, PgTransaction};
use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};
use uuid::Uuid;

use super::{
    deliveries,
    enqueue::{Stage, Terms, deliver_again, enqueue_stage},
    fence,
    tiles::{self, Tile},
};
use crate::{Result, Store};

/// An attempt that is under way.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub run_id: Uuid,
    pub job: JobName,
    pub terms: Terms,
    pub data_source_id: Option<Uuid>,
    pub number: i32,
    /// Attempts that count, this one included.
    pub counted: i32,
    pub max_attempts: i32,
    pub timeout: Duration,
    pub delivery: String,
    pub chain: Option<Uuid>,
    pub triggered_by: String,
    pub next: Vec<JobName>,
    pub tile: Option<Tile>,
    pub so_far: Option<Value>,
}

pub(super) async fn lock_chain(conn: &mut PgConnection, chain: Option<Uuid>) -> Result<()> {
    if let Some(chain) = chain {
        sqlx::query!("select id from job_runs where id = $1 for no key update", chain)
            .fetch_one(conn)
            .await?;
    }
    Ok(())
}

/// Locks the attempt for its ending. `None` when it is not the current one any more; whoever has
/// the run now ends it. Otherwise whether a cancel was requested meanwhile.
async fn lock_current(tx: &mut PgTransaction<'_>, attempt: &Attempt) -> Result<Option<bool>> {
    fence::take(tx, attempt.run_id).await?;
    tiles::lock_split(tx, attempt.tile.as_ref()).await?;
    lock_chain(tx, attempt.chain).await?;
    Ok(sqlx::query_scalar!(
        "select cancel_requested from job_runs
         where id = $1 and attempts = $2 and status = 'running' for no key update",
        attempt.run_id,
        attempt.number,
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// Opens the transaction that ends the attempt. Breaks where there is nothing left to write: with false when the
/// attempt is not the current one, with true when a cancel was requested, which has ended it.
pub(super) async fn lock_unless_cancelled(
    store: &Store,
    attempt: &Attempt,
) -> Result<ControlFlow<bool, PgTransaction<'static>>> {
    let mut tx = store.pool().begin().await?;
    match lock_current(&mut tx, attempt).await? {
        None => Ok(Break(false)),
        Some(false) => Ok(Continue(tx)),
        Some(true) => {
            end(&mut tx, attempt, "cancelled", None).await?;
            tx.commit().await?;
            Ok(Break(true))
        }
    }
}

/// Ends the attempt well and hands over to the next stage, or ends the chain. False when the
/// attempt was not the current one: nothing is written then.
pub(super) async fn succeed(store: &Store, attempt: &Attempt, result: &Value) -> Result<bool> {
    let mut tx = match lock_unless_cancelled(store, attempt).await? {
        Continue(tx) => tx,
        Break(was_current) => return Ok(was_current),
    };
    sqlx::query!(
        "update job_runs set status = 'succeeded', finished_at = now(), error = null, result = $2 where id = $1",
        attempt.run_id,
        result,
    )
    .execute(&mut *tx)
    .await?;
    deliveries::done(&mut tx, &attempt.delivery).await?;
    deliveries::next_in_turn(&mut tx, attempt.job.as_str(), attempt.data_source_id).await?;
    if let Some(tile) = &attempt.tile {
        tiles::one_is_done(&mut tx, tile).await?;
    }
    if let Some(chain) = attempt.chain {
        match attempt.next.split_first() {
            Some((job, rest)) => {
                let terms = attempt.terms.handed_on();
                let stage = Stage {
                    job: *job,
                    terms: &terms,
                    chain_id: Some(chain),
                    data_source_id: attempt.data_source_id,
                    key: None,
                    triggered_by: &attempt.triggered_by,
                    next: rest,
                    tile: None,
                    wait: Duration::ZERO,
                };
                enqueue_stage(&mut tx, &stage).await?;
            }
            None => finish_chain(&mut tx, chain).await?,
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// The chain's result is what each stage found, by job.
async fn finish_chain(tx: &mut PgTransaction<'_>, chain: Uuid) -> Result<()> {
    sqlx::query!(
        "update job_runs set status = 'succeeded', finished_at = now(), error = null,
                result = (select jsonb_object_agg(s.job, s.result) from job_runs s where s.chain_id = $1)
         where id = $1",
        chain
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends the attempt badly: it is tried again after `wait`, or the run is dead without one.
pub(super) async fn fail(
    store: &Store,
    attempt: &Attempt,
    error: &str,
    wait: Option<Duration>,
) -> Result<bool> {
    let mut tx = store.pool().begin().await?;
    let Some(cancel_requested) = lock_current(&mut tx, attempt).await? else { return Ok(false) };
    match wait {
        _ if cancel_requested => end(&mut tx, attempt, "cancelled", Some(error)).await?,
        None => end(&mut tx, attempt, "dead", Some(error)).await?,
        Some(wait) => {
            sqlx::query!(
                "update job_runs set status = 'failed', error = $2, run_at = now() + make_interval(secs => $3)
                 where id = $1",
                attempt.run_id,
                error,
                wait.as_secs_f64(),
            )
            .execute(&mut *tx)
            .await?;
            deliveries::done(&mut tx, &attempt.delivery).await?;
            deliver_again(&mut tx, attempt.run_id, attempt.job.as_str(), wait).await?;
            deliveries::next_in_turn(&mut tx, attempt.job.as_str(), attempt.data_source_id).await?;
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// Gives the run back because its worker shuts down; the attempt does not count.
pub(super) async fn interrupt(store: &Store, attempt: &Attempt) -> Result<bool> {
    let mut tx = match lock_unless_cancelled(store, attempt).await? {
        Continue(tx) => tx,
        Break(was_current) => return Ok(was_current),
    };
    sqlx::query!(
        "update job_runs set status = 'queued', forgiven = forgiven + 1, worker_id = null where id = $1",
        attempt.run_id
    )
    .execute(&mut *tx)
    .await?;
    deliveries::give_back(&mut tx, &attempt.delivery, Duration::ZERO).await?;
    tx.commit().await?;
    Ok(true)
}

/// Ends the run for good as `dead` or `cancelled`, and with it its chain, or the run that it is a tile of.
pub(super) async fn end(
    tx: &mut PgTransaction<'_>,
    attempt: &Attempt,
    status: &str,
    error: Option<&str>,
) -> Result<()> {
    end_run(tx, attempt.run_id, attempt.chain, attempt.job.as_str(), status, error).await?;
    deliveries::done(tx, &attempt.delivery).await?;
    if attempt.tile.is_some() {
        tiles::end_split(tx, attempt, status, error).await?;
    }
    deliveries::next_in_turn(tx, attempt.job.as_str(), attempt.data_source_id).await
}

pub(super) async fn end_run(
    conn: &mut PgConnection,
    run_id: Uuid,
    chain: Option<Uuid>,
    job: &str,
    status: &str,
    error: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update job_runs set status = $2, error = $3, finished_at = now() where id = $1",
        run_id,
        status,
        error
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update job_runs set status = $2, error = $3, finished_at = now()
         where id = $1 and status in ('queued', 'running')",
        chain,
        status,
        error.map(|error| format!("{job}: {error}")),
    )
    .execute(&mut *conn)
    .await?;
    tiles::stop_all(conn, run_id).await
}
