use chrono::{DateTime, Utc};
use pattern_core::domain::JobName;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

use super::{deliveries, enqueue::deliver_again};
use crate::{Result, Store};

/// A worker that was not heard of for so long serves nobody.
const SILENT: Duration = Duration::from_secs(60);
/// The queue's own rows of ended runs are of interest for this long; the runs are kept longer.
const KEEP_DELIVERIES: Duration = Duration::from_secs(3600);

/// How one job type fares.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QueueHealth {
    pub job: String,
    /// Live workers that pull it. 0 with `due` above 0 is an alarm.
    pub workers: i64,
    /// Runs that could start now.
    pub due: i64,
    /// How long the oldest of them has been waiting.
    pub oldest_due_seconds: f64,
    pub running: i64,
    /// Runs that failed and will be tried again.
    pub failed: i64,
    pub dead: i64,
}

/// What housekeeping did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    pub runs: u64,
    pub deliveries: u64,
    pub workers: u64,
    /// Runs whose row of the queue had vanished; they are delivered anew.
    pub redelivered: u64,
}

impl QueueHealth {
    /// Of a job that nobody serves and nobody asked for.
    pub fn idle(job: JobName) -> Self {
        let job = job.as_str().to_owned();
        Self { job, workers: 0, due: 0, oldest_due_seconds: 0.0, running: 0, failed: 0, dead: 0 }
    }
}

impl Store {
    /// Every job type that has runs or workers, with what an alarm needs to know.
    pub async fn queue_health(&self) -> Result<Vec<QueueHealth>> {
        Ok(sqlx::query_as!(
            QueueHealth,
            r#"with served as (
                 select job, count(*) as workers from workers, unnest(capabilities) job
                 where stopped_at is null and last_seen > now() - make_interval(secs => $1) group by job),
               runs as (
                 select job,
                        count(*) filter (where status in ('queued', 'failed') and run_at <= now()) as due,
                        min(run_at) filter (where status in ('queued', 'failed') and run_at <= now()) as oldest,
                        count(*) filter (where status = 'running') as running,
                        count(*) filter (where status = 'failed') as failed,
                        count(*) filter (where status = 'dead') as dead
                 from job_runs where delivery is not null and status in ('queued', 'running', 'failed', 'dead')
                 group by job)
               select coalesce(r.job, s.job) as "job!", coalesce(s.workers, 0) as "workers!",
                      coalesce(r.due, 0) as "due!",
                      coalesce(extract(epoch from now() - r.oldest), 0)::float8 as "oldest_due_seconds!",
                      coalesce(r.running, 0) as "running!", coalesce(r.failed, 0) as "failed!",
                      coalesce(r.dead, 0) as "dead!"
               from runs r full join served s on s.job = r.job order by 1"#,
            SILENT.as_secs_f64()
        )
        .fetch_all(self.pool())
        .await?)
    }

    /// Deletes runs that ended before `cutoff`, whole chains at a time, and the queue's rows of ended
    /// runs; delivers anew what the queue has lost.
    pub async fn prune_runs(&self, cutoff: DateTime<Utc>) -> Result<Pruned> {
        let mut tx = self.pool().begin().await?;
        let runs = sqlx::query!(
            "delete from job_runs where chain_id is null and finished_at < $1
             and status in ('succeeded', 'dead', 'cancelled')",
            cutoff
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let workers = sqlx::query!("delete from workers where last_seen < $1", cutoff)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        let deliveries = deliveries::prune(&mut tx, KEEP_DELIVERIES).await?;
        let lost = deliveries::undeliverable(&mut tx).await?;
        for (run_id, job) in &lost {
            deliver_again(&mut tx, *run_id, job, Duration::ZERO).await?;
        }
        tx.commit().await?;
        Ok(Pruned { runs, deliveries, workers, redelivered: lost.len() as u64 })
    }
}
