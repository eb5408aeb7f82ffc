//! How an attempt ends. Locks are taken in one order: the run's fence, the chain, the run that it is a tile of,
//! the run, its delivery.

use pattern_core::domain::JobName;
use serde_json::Value;
use sqlx::PgTransaction;
use std::{
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};
use uuid::Uuid;

use super::{
    attempt::{Attempt, lock_chain},
    deliveries::{self, TURN},
    ending::end,
    enqueue::{Stage, Terms, deliver_again, enqueue_stage},
    fence,
    tile::Tile,
    tiles,
};
use crate::{Result, Store};

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
        // What became of it when it was told to stop is no failure.
        _ if cancel_requested => end(&mut tx, attempt, "cancelled", None).await?,
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

/// A part of a run's work, as the run asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTile {
    pub job: JobName,
    pub data_source_id: Uuid,
    /// What it is asked to do; they tell the tiles of a data source apart.
    pub arguments: Value,
}

/// Ends the attempt by splitting its run. False when the attempt was not the current one.
pub(super) async fn split(
    store: &Store,
    attempt: &Attempt,
    tiles: &[NewTile],
    so_far: &Value,
) -> Result<bool> {
    let mut tx = match lock_unless_cancelled(store, attempt).await? {
        Continue(tx) => tx,
        Break(was_current) => return Ok(was_current),
    };
    // The attempt did what it should, so what comes after the tiles has all its attempts.
    sqlx::query!(
        "update job_runs set generation = attempts, forgiven = forgiven + 1, result = $2, worker_id = null
         where id = $1",
        attempt.run_id,
        so_far
    )
    .execute(&mut *tx)
    .await?;
    for tile in tiles {
        let of = Tile { run_id: attempt.run_id, generation: attempt.number };
        let terms = Terms { arguments: tile.arguments.clone(), ..attempt.terms.clone() };
        let stage = Stage {
            job: tile.job,
            terms: &terms,
            chain_id: None,
            data_source_id: Some(tile.data_source_id),
            key: Some(&format!("{}/{}/{}/{}", of.run_id, of.generation, tile.data_source_id, tile.arguments)),
            triggered_by: &attempt.triggered_by,
            next: &[],
            tile: Some(of),
            wait: Duration::ZERO,
        };
        enqueue_stage(&mut tx, &stage).await?;
    }
    deliveries::give_back(&mut tx, &attempt.delivery, TURN).await?;
    tx.commit().await?;
    Ok(true)
}
