//! How a run moves from status to status. Rows are locked chain first, then stage.

use pattern_core::domain::JobName;
use serde_json::Value;
use sqlx::{PgConnection, PgTransaction};
use std::time::Duration;
use uuid::Uuid;

use super::{
    deliveries,
    enqueue::{Stage, deliver_again, enqueue_stage},
};
use crate::{Result, Store, StoreError};

/// How long a run waits before it looks again whether it is its turn. It is woken when it is; this
/// is for the case that the worker before it died.
const TURN: Duration = Duration::from_secs(5);

/// An attempt that is under way.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub run_id: Uuid,
    pub job: JobName,
    pub data_source_id: Option<Uuid>,
    pub number: i32,
    /// Attempts that count, this one included.
    pub counted: i32,
    pub max_attempts: i32,
    delivery: String,
    chain: Option<Uuid>,
    triggered_by: String,
    next: Vec<JobName>,
}

/// Who asks for the run.
#[derive(Debug, Clone)]
pub(super) struct Claimant<'a> {
    /// The name apalis knows it by.
    pub queue_worker: &'a str,
    pub worker_id: &'a str,
    pub max_attempts: i32,
}

/// Starts the run that a delivery brings. `None` when there is nothing to do, or not yet.
pub(super) async fn begin(
    store: &Store,
    delivery: &str,
    run_id: Uuid,
    by: &Claimant<'_>,
) -> Result<Option<Attempt>> {
    let mut tx = store.pool().begin().await?;
    if !deliveries::claim(&mut tx, delivery, by.queue_worker).await? {
        return Ok(None);
    }
    let started = begin_claimed(&mut tx, delivery, run_id, by).await?;
    tx.commit().await?;
    Ok(started)
}

/// Leaves the run to a worker that understands it; a newer version may have queued it.
pub(super) async fn put_off(store: &Store, delivery: &str) -> Result<()> {
    let mut conn = store.pool().acquire().await?;
    deliveries::give_back(&mut conn, delivery, Duration::from_secs(30)).await
}

async fn begin_claimed(
    tx: &mut PgTransaction<'_>,
    delivery: &str,
    run_id: Uuid,
    by: &Claimant<'_>,
) -> Result<Option<Attempt>> {
    let Some(known) = sqlx::query!("select job, chain_id from job_runs where id = $1", run_id)
        .fetch_optional(&mut **tx)
        .await?
    else {
        deliveries::done(tx, delivery).await?;
        return Ok(None);
    };
    lock_chain(tx, known.chain_id).await?;
    // Whose turn it is at a job is decided by one worker at a time.
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('turn ' || $1, 0))", known.job)
        .execute(&mut **tx)
        .await?;
    let run = sqlx::query!(
        "select status, attempts, forgiven, cancel_requested, data_source_id, delivery, triggered_by, next_jobs, error
         from job_runs where id = $1 for no key update",
        run_id
    )
    .fetch_one(&mut **tx)
    .await?;
    let open = matches!(run.status.as_str(), "queued" | "running" | "failed");
    if !open || run.delivery.as_deref() != Some(delivery) {
        deliveries::done(tx, delivery).await?;
        return Ok(None);
    }
    let job: JobName = known.job.parse().map_err(StoreError::Corrupt)?;
    let mut attempt = Attempt {
        run_id,
        job,
        data_source_id: run.data_source_id,
        number: run.attempts,
        counted: run.attempts - run.forgiven,
        max_attempts: by.max_attempts,
        delivery: delivery.to_owned(),
        chain: known.chain_id,
        triggered_by: run.triggered_by,
        next: run.next_jobs.iter().map(|j| j.parse().map_err(StoreError::Corrupt)).collect::<Result<_>>()?,
    };
    if run.cancel_requested {
        end(tx, &attempt, "cancelled", run.error.as_deref()).await?;
        return Ok(None);
    }
    // The row says running, yet its delivery came back: the worker that had it is gone.
    let orphaned = run.status == "running";
    if attempt.counted >= by.max_attempts {
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
    if is_busy(tx, &attempt).await? {
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
                started_at = now(), heartbeat_at = now(), finished_at = null
         where id = $1",
        run_id,
        attempt.number,
        by.max_attempts,
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

/// Ends the attempt well and hands over to the next stage, or ends the chain. False when the
/// attempt was not the current one: nothing is written then.
pub(super) async fn succeed(store: &Store, attempt: &Attempt, result: &Value) -> Result<bool> {
    let mut tx = store.pool().begin().await?;
    let Some(cancel_requested) = lock_current(&mut tx, attempt).await? else { return Ok(false) };
    if cancel_requested {
        end(&mut tx, attempt, "cancelled", None).await?;
        tx.commit().await?;
        return Ok(true);
    }
    sqlx::query!(
        "update job_runs set status = 'succeeded', finished_at = now(), error = null, result = $2 where id = $1",
        attempt.run_id,
        result,
    )
    .execute(&mut *tx)
    .await?;
    deliveries::done(&mut tx, &attempt.delivery).await?;
    deliveries::next_in_turn(&mut tx, attempt.job.as_str(), attempt.data_source_id).await?;
    if let Some(chain) = attempt.chain {
        match attempt.next.split_first() {
            Some((job, rest)) => {
                let stage = Stage {
                    job: *job,
                    chain_id: Some(chain),
                    data_source_id: attempt.data_source_id,
                    key: None,
                    triggered_by: &attempt.triggered_by,
                    next: rest,
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
    let mut tx = store.pool().begin().await?;
    let Some(cancel_requested) = lock_current(&mut tx, attempt).await? else { return Ok(false) };
    if cancel_requested {
        end(&mut tx, attempt, "cancelled", None).await?;
    } else {
        sqlx::query!(
            "update job_runs set status = 'queued', forgiven = forgiven + 1, worker_id = null where id = $1",
            attempt.run_id
        )
        .execute(&mut *tx)
        .await?;
        deliveries::give_back(&mut tx, &attempt.delivery, Duration::ZERO).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Ends the run for good as `dead` or `cancelled`, and its chain with it.
async fn end(tx: &mut PgTransaction<'_>, attempt: &Attempt, status: &str, error: Option<&str>) -> Result<()> {
    end_run(tx, attempt.run_id, attempt.chain, attempt.job.as_str(), status, error).await?;
    deliveries::done(tx, &attempt.delivery).await?;
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
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// Fails unless this attempt is still the current one of its run. Called inside the transaction
    /// that writes a job's work, it keeps a worker that was thought dead from writing over the one
    /// that took its place: the run can not change hands before the transaction ends.
    pub async fn confirm_attempt(conn: &mut PgConnection, run_id: Uuid, attempt: i32) -> Result<()> {
        let current = sqlx::query_scalar!(
            "select attempts from job_runs where id = $1 and attempts = $2 and status = 'running'
             and not cancel_requested for share",
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
