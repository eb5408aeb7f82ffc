use chrono::{DateTime, Utc};
use pattern_core::domain::{JobRun, RunStatus, Word};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Store, StoreError, error::stored};

/// Which runs to list; every field narrows.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// A job name, or a chain's: `flywheel`, `learning`.
    pub job: Option<String>,
    pub status: Option<RunStatus>,
    pub data_source: Option<String>,
    /// Only the stages of this chain.
    pub chain_id: Option<Uuid>,
    /// Only the tiles of this run. Without it, tiles are listed only where their job is asked for.
    pub parent_id: Option<Uuid>,
    /// Only runs made before this one: the last id of the page before.
    pub before: Option<Uuid>,
    /// At most so many; 0 means 50.
    pub limit: i64,
}

pub(super) struct RunRow {
    pub id: Uuid,
    pub job: String,
    pub chain_id: Option<Uuid>,
    pub parent_id: Option<Uuid>,
    pub data_source: Option<String>,
    pub status: String,
    pub triggered_by: String,
    pub arguments: Value,
    pub priority: i16,
    pub deadline: Option<DateTime<Utc>>,
    pub cancelled_by: Option<String>,
    pub redriven_by: Option<String>,
    pub attempts: i32,
    pub max_attempts: i32,
    pub worker_id: Option<String>,
    pub created_at: DateTime<Utc>,
    pub run_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
    pub result: Option<Value>,
}

impl TryFrom<RunRow> for JobRun {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            job: row.job,
            chain_id: row.chain_id,
            parent_id: row.parent_id,
            data_source: row.data_source,
            status: stored("run", row.id, &row.status)?,
            triggered_by: row.triggered_by,
            arguments: row.arguments,
            priority: row.priority,
            deadline: row.deadline,
            cancelled_by: row.cancelled_by,
            redriven_by: row.redriven_by,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            worker_id: row.worker_id,
            created_at: row.created_at,
            run_at: row.run_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            error: row.error,
            result: row.result,
        })
    }
}

impl Store {
    /// One run, of a job or of a chain.
    pub async fn job_run(&self, id: Uuid) -> Result<JobRun> {
        let mut conn = self.pool().acquire().await?;
        load_run(&mut conn, id).await
    }

    /// Runs, the newest first.
    pub async fn job_runs(&self, filter: &RunFilter) -> Result<Vec<JobRun>> {
        let limit = if filter.limit > 0 { filter.limit } else { 50 };
        sqlx::query_as!(
            RunRow,
            r#"select r.id, r.job, r.chain_id, r.parent_id, d.name as "data_source?", r.status, r.triggered_by, r.arguments, r.priority, r.deadline, r.cancelled_by,
                      r.redriven_by, r.attempts,
                      r.max_attempts, r.worker_id, r.created_at, r.run_at, r.started_at, r.finished_at,
                      r.error, r.result
               from job_runs r left join data_sources d on d.id = r.data_source_id
               where ($1::text is null or r.job = $1)
                 and ($2::text is null or r.status = $2)
                 and ($3::text is null or d.name = $3)
                 and ($4::uuid is null or r.chain_id = $4)
                 and ($5::uuid is null
                      or (r.created_at, r.id) < (select b.created_at, b.id from job_runs b where b.id = $5))
                 and (r.parent_id = $6 or $6 is null and (r.parent_id is null or r.job = $1))
               order by r.created_at desc, r.id desc limit $7"#,
            filter.job,
            filter.status.map(Word::as_str),
            filter.data_source,
            filter.chain_id,
            filter.before,
            filter.parent_id,
            limit,
        )
        .fetch_all(self.pool())
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }
}

pub(super) async fn load_run(conn: &mut PgConnection, id: Uuid) -> Result<JobRun> {
    sqlx::query_as!(
        RunRow,
        r#"select r.id, r.job, r.chain_id, r.parent_id, d.name as "data_source?", r.status, r.triggered_by, r.arguments,
                  r.priority, r.deadline, r.cancelled_by, r.redriven_by, r.attempts, r.max_attempts, r.worker_id,
                  r.created_at, r.run_at, r.started_at, r.finished_at, r.error, r.result
           from job_runs r left join data_sources d on d.id = r.data_source_id where r.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await?
    .ok_or_else(|| StoreError::NotFound(format!("job run {id}")))?
    .try_into()
}
