//! A run that is split: its tiles are runs of their own, which any worker pulls.
//!
//! The split run stays `running` and lies in the queue until its last tile has succeeded. The attempt that split
//! it is the generation of its tiles: tiles of an older one change nothing any more. A tile that ends badly ends
//! the split run the same way. Whoever ends a tile holds the lock of the run that it is a part of.

use pattern_core::domain::JobName;
use serde_json::Value;
use sqlx::{PgConnection, PgTransaction};
use std::{
    ops::ControlFlow::{Break, Continue},
    time::Duration,
};
use uuid::Uuid;

use super::{
    begin::TURN,
    deliveries,
    enqueue::{Stage, Terms, enqueue_stage},
    lifecycle::{Attempt, end_run, lock_chain, lock_unless_cancelled},
};
use crate::{Result, Store};

/// A part of a run's work, as the run asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTile {
    pub job: JobName,
    pub data_source_id: Uuid,
    /// What it is asked to do; they tell the tiles of a data source apart.
    pub arguments: Value,
}

/// Which part of which run a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// The run that was split.
    pub run_id: Uuid,
    pub generation: i32,
}

impl Tile {
    pub(super) fn of_row(parent: Option<Uuid>, generation: Option<i32>) -> Option<Self> {
        Some(Self { run_id: parent?, generation: generation? })
    }
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

/// Locks the split run that the tile is a part of, after its chain.
pub(super) async fn lock_split(conn: &mut PgConnection, tile: Option<&Tile>) -> Result<()> {
    let Some(tile) = tile else { return Ok(()) };
    let chain = sqlx::query_scalar!("select chain_id from job_runs where id = $1", tile.run_id)
        .fetch_one(&mut *conn)
        .await?;
    lock_chain(conn, chain).await?;
    lock_chain(conn, Some(tile.run_id)).await
}

/// Whether tiles of the run are still to be done.
pub(super) async fn has_open(conn: &mut PgConnection, run_id: Uuid, generation: i32) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from job_runs
           where parent_id = $1 and generation = $2 and status <> 'succeeded') as "open!""#,
        run_id,
        generation
    )
    .fetch_one(conn)
    .await?)
}

/// To be called when a tile has succeeded: after the last one the split run goes on.
pub(super) async fn one_is_done(conn: &mut PgConnection, tile: &Tile) -> Result<()> {
    if !has_open(conn, tile.run_id, tile.generation).await? {
        let delivery = sqlx::query_scalar!(
            "select delivery from job_runs where id = $1 and generation = $2",
            tile.run_id,
            tile.generation
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(delivery) = delivery.flatten() {
            deliveries::hasten(conn, &delivery).await?;
        }
    }
    Ok(())
}

/// To be called when a tile has ended badly: so does the split run, unless it has already.
pub(super) async fn end_split(
    tx: &mut PgTransaction<'_>,
    tile: &Attempt,
    status: &str,
    error: Option<&str>,
) -> Result<()> {
    let split = sqlx::query!(
        r#"select r.id, r.job, r.chain_id, r.data_source_id, r.delivery as "delivery!", t.arguments,
                  d.name as data_source
           from job_runs t join job_runs r on r.id = t.parent_id and r.generation = t.generation
           join data_sources d on d.id = t.data_source_id
           where t.id = $1 and r.status = 'running'"#,
        tile.run_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(split) = split else { return Ok(()) };
    let job = tile.job.as_str();
    let error =
        error.map(|error| format!("{job} {} of {}: {error}", brief(&split.arguments), split.data_source));
    end_run(tx, split.id, split.chain_id, &split.job, status, error.as_deref()).await?;
    deliveries::done(tx, &split.delivery).await?;
    deliveries::next_in_turn(tx, &split.job, split.data_source_id).await
}

/// What a tile was told, for people: the values alone.
fn brief(arguments: &Value) -> String {
    let values = arguments.as_object().into_iter().flatten().map(|(_, value)| value.to_string());
    values.collect::<Vec<_>>().join(" ")
}

/// Cancels the tiles of a run that are not done.
pub(super) async fn stop_all(conn: &mut PgConnection, run_id: Uuid) -> Result<()> {
    sqlx::query!(
        "update job_runs set cancel_requested = true where parent_id = $1 and status = 'running'",
        run_id
    )
    .execute(&mut *conn)
    .await?;
    let waiting = sqlx::query_scalar!(
        r#"update job_runs set status = 'cancelled', finished_at = now()
           where parent_id = $1 and status in ('queued', 'failed') returning delivery as "delivery!""#,
        run_id
    )
    .fetch_all(&mut *conn)
    .await?;
    for delivery in waiting {
        deliveries::done(conn, &delivery).await?;
    }
    Ok(())
}
