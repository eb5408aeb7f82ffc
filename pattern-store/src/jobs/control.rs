use pattern_core::domain::{AuditAction, JobRun};
use std::time::Duration;
use uuid::Uuid;

use super::{
    attempt::lock_chain, begin::too_late, deliveries, ending::end_run, enqueue::deliver_again,
    read::load_run, tiles,
};
use crate::{AuditRecord, DecideError, Idempotency, PgConnection, Result, Store, StoreError, access::audit};

impl Store {
    /// Cancels a run, or a chain with its open stage; of a tile, the run that was split. What waits is cancelled at once; what runs is
    /// told to stop and stays `running` until its worker has answered.
    pub async fn cancel_run(
        &self,
        id: Uuid,
        by: &str,
        idempotency: Option<&Idempotency>,
    ) -> Result<JobRun, DecideError> {
        let mut tx = self.pool().begin().await?;
        if let Some(key) = idempotency
            && let Some(run) = key.claim(&mut tx, by).await?
        {
            return Ok(run);
        }
        let (chain, stage) = open_stage(&mut tx, id).await?;
        let Some(stage) = stage else {
            let what = format!("job run {id} is over; there is nothing to cancel");
            return Err(StoreError::Conflict(what).into());
        };
        audit::record(&mut tx, &AuditRecord::new(by, AuditAction::RunCancelled, id.to_string())).await?;
        sqlx::query!("update job_runs set cancelled_by = $3 where id in ($1, $2)", stage.id, chain, by)
            .execute(&mut *tx)
            .await?;
        if stage.status == "running" {
            sqlx::query!("update job_runs set cancel_requested = true where id = $1", stage.id)
                .execute(&mut *tx)
                .await?;
            // One that only waits for its tiles is with no worker that could answer.
            tiles::stop_all(&mut tx, stage.id).await?;
            if let Some(delivery) = &stage.delivery {
                deliveries::hasten(&mut tx, delivery).await?;
            }
        } else {
            if let Some(delivery) = &stage.delivery {
                deliveries::done(&mut tx, delivery).await?;
            }
            end_run(&mut tx, stage.id, chain, &stage.job, "cancelled", stage.error.as_deref()).await?;
        }
        let run = load_run(&mut tx, id).await?;
        if let Some(key) = idempotency {
            key.keep(&mut tx, by, &run).await?;
        }
        tx.commit().await?;
        Ok(run)
    }

    /// Queues a dead or cancelled run again with all its attempts; of a chain, the stage that it
    /// ended in; of a tile, the run that was split, and it begins anew. A deadline that it had is no more.
    pub async fn redrive_run(
        &self,
        id: Uuid,
        by: &str,
        idempotency: Option<&Idempotency>,
    ) -> Result<JobRun, DecideError> {
        let mut tx = self.pool().begin().await?;
        if let Some(key) = idempotency
            && let Some(run) = key.claim(&mut tx, by).await?
        {
            return Ok(run);
        }
        let (chain, stage) = ended_stage(&mut tx, id).await?;
        let Some(stage) = stage else {
            let what = format!("job run {id} is neither dead nor cancelled; only those can be redriven");
            return Err(StoreError::Conflict(what).into());
        };
        sqlx::query!(
            "update job_runs set status = 'queued', forgiven = attempts, cancel_requested = false, error = null,
                    generation = null, deadline = null, run_at = now(), finished_at = null, worker_id = null where id = $1",
            stage.id
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update job_runs set status = 'running', error = null, deadline = null, finished_at = null,
                    started_at = coalesce(started_at, now()) where id = $1",
            chain
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("update job_runs set redriven_by = $3 where id in ($1, $2)", stage.id, chain, by)
            .execute(&mut *tx)
            .await?;
        audit::record(&mut tx, &AuditRecord::new(by, AuditAction::RunRedriven, id.to_string())).await?;
        deliver_again(&mut tx, stage.id, &stage.job, Duration::ZERO).await?;
        let run = load_run(&mut tx, id).await?;
        if let Some(key) = idempotency {
            key.keep(&mut tx, by, &run).await?;
        }
        tx.commit().await?;
        Ok(run)
    }
}

impl Store {
    /// Ends the runs that wait, and whose deadline is over: nobody may be there to take them.
    pub(super) async fn end_overdue_runs(&self) -> Result<()> {
        let late = sqlx::query_scalar!(
            "select id from job_runs where deadline < now() and status in ('queued', 'failed') and delivery is not null"
        )
        .fetch_all(self.pool())
        .await?;
        for id in late {
            let mut tx = self.pool().begin().await?;
            let (chain, stage) = open_stage(&mut tx, id).await?;
            let deadline = sqlx::query_scalar!(
                "select deadline from job_runs where id = $1 and deadline < now() and status in ('queued', 'failed')",
                id
            )
            .fetch_optional(&mut *tx)
            .await?
            .flatten();
            // Of a tile, the run that was split is the open stage: its worker ends it when the tile comes up.
            if let (Some(stage), Some(deadline)) = (stage.filter(|stage| stage.id == id), deadline) {
                if let Some(delivery) = &stage.delivery {
                    deliveries::done(&mut tx, delivery).await?;
                }
                end_run(&mut tx, stage.id, chain, &stage.job, "dead", Some(&too_late(deadline))).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}

struct StageRow {
    id: Uuid,
    job: String,
    status: String,
    delivery: Option<String>,
    error: Option<String>,
}

/// The chain that `id` is or belongs to, and that chain's open stage, both locked; for a run by
/// itself, the run.
async fn open_stage(conn: &mut PgConnection, id: Uuid) -> Result<(Option<Uuid>, Option<StageRow>)> {
    let (chain, run) = chain_of(conn, id).await?;
    lock_chain(conn, chain).await?;
    let stage = sqlx::query_as!(
        StageRow,
        "select id, job, status, delivery, error from job_runs
         where coalesce(chain_id, id) = $1 and delivery is not null
           and status in ('queued', 'running', 'failed')
         for no key update",
        chain.unwrap_or(run)
    )
    .fetch_optional(conn)
    .await?;
    Ok((chain, stage))
}

async fn ended_stage(conn: &mut PgConnection, id: Uuid) -> Result<(Option<Uuid>, Option<StageRow>)> {
    let (chain, run) = chain_of(conn, id).await?;
    lock_chain(conn, chain).await?;
    let stage = sqlx::query_as!(
        StageRow,
        "select id, job, status, delivery, error from job_runs
         where coalesce(chain_id, id) = $1 and delivery is not null and status in ('dead', 'cancelled')
         for no key update",
        chain.unwrap_or(run)
    )
    .fetch_optional(conn)
    .await?;
    Ok((chain, stage))
}

/// The chain of a run, and the run; of a tile, those of the run that was split.
async fn chain_of(conn: &mut PgConnection, id: Uuid) -> Result<(Option<Uuid>, Uuid)> {
    let run = sqlx::query!(
        r#"select r.id, r.chain_id, r.delivery from job_runs asked
           join job_runs r on r.id = coalesce(asked.parent_id, asked.id) where asked.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await?
    .ok_or_else(|| StoreError::NotFound(format!("job run {id}")))?;
    // A chain is a row without a delivery of its own.
    Ok((run.chain_id.or(if run.delivery.is_none() { Some(run.id) } else { None }), run.id))
}
