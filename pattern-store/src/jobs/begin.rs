//! How a delivery becomes an attempt.

use chrono::{DateTime, Utc};
use pattern_core::domain::Lane;
use sqlx::{PgConnection, PgTransaction};
use std::time::Duration;
use uuid::Uuid;

use super::{
    attempt::{Attempt, lock_chain},
    deliveries::{self, TURN},
    ending::end,
    enqueue::Terms,
    fence,
    tile::Tile,
    tiles,
};
use crate::{Result, Store, StoreError};

/// Who asks for the run.
#[derive(Debug, Clone)]
pub(super) struct Claimant<'a> {
    /// The name apalis knows it by.
    pub queue_worker: &'a str,
    pub worker_id: &'a str,
    /// What the worker is configured to do with every job, whatever that declares.
    pub max_attempts: Option<i32>,
    pub timeout: Option<Duration>,
}

/// Starts the run that a delivery brings. `None` when there is nothing to do, or not yet.
pub(super) async fn begin(
    store: &Store,
    delivery: &str,
    run_id: Uuid,
    by: &Claimant<'_>,
) -> Result<Option<Attempt>> {
    let mut tx = store.pool().begin().await?;
    let started = begin_in(&mut tx, store, delivery, run_id, by).await?;
    tx.commit().await?;
    Ok(started)
}

/// Leaves the run to a worker that understands it; a newer version may have queued it.
pub(super) async fn put_off(store: &Store, delivery: &str) -> Result<()> {
    let mut conn = store.pool().acquire().await?;
    deliveries::give_back(&mut conn, delivery, Duration::from_secs(30)).await
}

async fn begin_in(
    tx: &mut PgTransaction<'_>,
    store: &Store,
    delivery: &str,
    run_id: Uuid,
    by: &Claimant<'_>,
) -> Result<Option<Attempt>> {
    let Some(known) = sqlx::query!(
        "select job, chain_id, data_source_id, parent_id, generation from job_runs where id = $1",
        run_id
    )
    .fetch_optional(&mut **tx)
    .await?
    else {
        deliveries::done(tx, delivery).await?;
        return Ok(None);
    };
    // Where the attempt before still writes, although its worker was thought dead, that comes first.
    fence::take(tx, run_id).await?;
    let tile = Tile::of_row(known.parent_id, known.generation);
    tiles::lock_split(tx, tile.as_ref()).await?;
    lock_chain(tx, known.chain_id).await?;
    let job = store.job_type(&known.job).map_err(|error| of_run(run_id, &error))?;
    if job.lane == Lane::DataSource {
        lock_turn(tx, &known.job, known.data_source_id).await?;
    }
    let run = sqlx::query!(
        r#"select status, attempts, forgiven, cancel_requested, data_source_id, delivery, triggered_by, next_jobs, error,
                generation, result, arguments, priority, deadline, traceparent, coalesce(deadline < now(), false) as "is_late!"
         from job_runs where id = $1 for no key update"#,
        run_id
    )
    .fetch_one(&mut **tx)
    .await?;
    if !deliveries::claim(tx, delivery, by.queue_worker).await? {
        return Ok(None);
    }
    let open = matches!(run.status.as_str(), "queued" | "running" | "failed");
    if !open || run.delivery.as_deref() != Some(delivery) {
        deliveries::done(tx, delivery).await?;
        return Ok(None);
    }
    let next = |name: &String| Ok(store.job_type(name).map_err(|error| of_run(run_id, &error))?.name);
    let max_attempts = by.max_attempts.unwrap_or(job.max_attempts);
    let mut attempt = Attempt {
        run_id,
        job: job.name,
        terms: Terms {
            arguments: run.arguments,
            priority: run.priority,
            deadline: run.deadline,
            traceparent: run.traceparent,
        },
        data_source_id: run.data_source_id,
        number: run.attempts,
        counted: run.attempts - run.forgiven,
        max_attempts,
        timeout: by.timeout.unwrap_or(job.timeout),
        delivery: delivery.to_owned(),
        chain: known.chain_id,
        triggered_by: run.triggered_by,
        next: run.next_jobs.iter().map(next).collect::<Result<_>>()?,
        tile,
        so_far: run.result.filter(|_| tile.is_none() && run.generation.is_some()),
    };
    if run.cancel_requested {
        end(tx, &attempt, "cancelled", run.error.as_deref()).await?;
        return Ok(None);
    }
    if let Some(deadline) = run.deadline.filter(|_| run.is_late) {
        end(tx, &attempt, "dead", Some(&too_late(deadline))).await?;
        return Ok(None);
    }
    if let (Some(generation), None) = (run.generation, tile)
        && tiles::has_open(tx, run_id, generation).await?
    {
        deliveries::give_back(tx, delivery, TURN).await?;
        return Ok(None);
    }
    // The row says running, yet its delivery came back: the worker that had it is gone.
    let orphaned = run.status == "running";
    if attempt.counted >= max_attempts {
        let error = match run.error.filter(|_| !orphaned) {
            Some(error) => error,
            None => format!(
                "the worker died in the middle of attempt {}; look at its log, then redrive the run",
                run.attempts
            ),
        };
        end(tx, &attempt, "dead", Some(&error)).await?;
        return Ok(None);
    }
    if job.lane == Lane::DataSource && is_busy(tx, &attempt).await? {
        sqlx::query!("update job_runs set status = 'queued' where id = $1 and status <> 'queued'", run_id)
            .execute(&mut **tx)
            .await?;
        deliveries::give_back(tx, delivery, TURN).await?;
        return Ok(None);
    }
    attempt.number += 1;
    attempt.counted += 1;
    sqlx::query!(
        "update job_runs set status = 'running', attempts = $2, max_attempts = $3, worker_id = $4,
                started_at = now(), finished_at = null
         where id = $1",
        run_id,
        attempt.number,
        max_attempts,
        by.worker_id,
    )
    .execute(&mut **tx)
    .await?;
    if let Some(chain) = attempt.chain {
        sqlx::query!(
            "update job_runs set status = 'running', started_at = coalesce(started_at, now())
             where id = $1 and status = 'queued'",
            chain
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(Some(attempt))
}

/// Why a run is dead that was not done in time.
pub(super) fn too_late(deadline: DateTime<Utc>) -> String {
    format!(
        "it was not done by its deadline, {}; redrive it to run it without one",
        deadline.format("%Y-%m-%d %H:%M:%S UTC")
    )
}

/// A newer version may have queued it.
fn of_run(run_id: Uuid, problem: &StoreError) -> StoreError {
    StoreError::Corrupt(format!("run {run_id}: {problem}"))
}

/// Whose turn it is at (job, data source) is decided by one worker at a time. A run over every data
/// source meets each of the others.
async fn lock_turn(conn: &mut PgConnection, job: &str, data_source_id: Option<Uuid>) -> Result<()> {
    match data_source_id {
        None => {
            sqlx::query!("select pg_advisory_xact_lock(hashtextextended('turn ' || $1, 0))", job)
                .execute(conn)
                .await?;
        }
        Some(id) => {
            sqlx::query!(
                "select pg_advisory_xact_lock_shared(hashtextextended('turn ' || $1, 0)),
                        pg_advisory_xact_lock(hashtextextended('turn ' || $1 || ' ' || $2, 0))",
                job,
                id.to_string()
            )
            .execute(conn)
            .await?;
        }
    }
    Ok(())
}

async fn is_busy(tx: &mut PgTransaction<'_>, attempt: &Attempt) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from job_runs
           where job = $1 and status = 'running' and id <> $2
             and ($3::uuid is null or data_source_id is null or data_source_id = $3)) as "busy!""#,
        attempt.job.as_str(),
        attempt.run_id,
        attempt.data_source_id,
    )
    .fetch_one(&mut **tx)
    .await?)
}
