use chrono::{DateTime, SecondsFormat, Utc};
use pattern_core::domain::{JobName, Word};
use std::time::Duration;
use uuid::Uuid;

use super::{
    NewRun,
    enqueue::{Chain, start_chain},
};
use crate::{Result, Store};

/// What a schedule sets off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduled {
    /// A chain for each data source, so that trouble in one does not hold up the others.
    Flywheel,
    /// Learning and the match that uses it, over every data source.
    Learning,
    Job(JobName),
}

impl Scheduled {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flywheel => Chain::Flywheel.as_str(),
            Self::Learning => Chain::Learning.as_str(),
            Self::Job(job) => job.as_str(),
        }
    }
}

impl Store {
    /// Acts on a tick unless somebody did before, and answers what was queued, or is queued still from
    /// an earlier tick. Ticks between the last one acted on and this one are not made up for. The first tick ever seen of a schedule is only
    /// noted: it lies before the installation.
    pub async fn schedule_tick(&self, what: Scheduled, tick: DateTime<Utc>) -> Result<Vec<Uuid>> {
        let mut tx = self.pool().begin().await?;
        let first = sqlx::query!(
            "insert into schedules (name, last_tick) values ($1, $2) on conflict (name) do nothing",
            what.as_str(),
            tick
        )
        .execute(&mut *tx)
        .await?;
        if first.rows_affected() == 1 {
            tx.commit().await?;
            return Ok(Vec::new());
        }
        let ours = sqlx::query!(
            "update schedules set last_tick = $2 where name = $1 and last_tick < $2",
            what.as_str(),
            tick
        )
        .execute(&mut *tx)
        .await?;
        if ours.rows_affected() == 0 {
            return Ok(Vec::new());
        }
        let mut queued = Vec::new();
        match what {
            Scheduled::Flywheel => {
                let ids = sqlx::query_scalar!("select id from data_sources order by id")
                    .fetch_all(&mut *tx)
                    .await?;
                let (chain, terms) = (Chain::Flywheel, Chain::Flywheel.usual_terms());
                for id in ids {
                    let wait = Duration::ZERO;
                    queued.push(start_chain(&mut tx, chain, &terms, Some(id), "schedule", wait).await?);
                }
            }
            Scheduled::Learning => {
                queued.push(Store::enqueue_learning(&mut tx, None, "schedule", Duration::ZERO).await?);
            }
            Scheduled::Job(job) => {
                let waiting = sqlx::query_scalar!(
                    "select id from job_runs
                     where job = $1 and status = 'queued' and attempts = 0 and data_source_id is null
                       and chain_id is null limit 1",
                    job.as_str()
                )
                .fetch_optional(&mut *tx)
                .await?;
                if let Some(id) = waiting {
                    tx.commit().await?;
                    return Ok(vec![id]);
                }
                let job_type = self.job_type(job.as_str())?;
                let key = format!("{}@{}", job.as_str(), tick.to_rfc3339_opts(SecondsFormat::Secs, true));
                queued.extend(
                    Store::enqueue_run(&mut tx, &NewRun::new(job_type, "schedule").with_key(key)).await?,
                );
            }
        }
        tx.commit().await?;
        Ok(queued)
    }
}
