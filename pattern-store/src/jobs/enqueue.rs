use chrono::{DateTime, Utc};
use pattern_core::domain::{JobName, JobType, JobTypes, Word};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::time::Duration;
use strum::{IntoStaticStr, VariantArray};
use uuid::Uuid;

use super::{deliveries, tile::Tile};
use crate::{Result, Store, trace};

/// Jobs that run one after the other: each starts when the one before it succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Chain {
    Flywheel,
    /// What a decision sets off.
    Learning,
}

impl Chain {
    pub fn stages(self) -> &'static [JobName] {
        match self {
            Self::Flywheel => &JobName::FLYWHEEL,
            Self::Learning => &JobName::LEARNING,
        }
    }

    /// Those of its first stage.
    pub fn usual_terms(self) -> Terms {
        let shipped = JobTypes::shipped();
        let first = self.stages().first().and_then(|first| shipped.named(first.as_str()).ok());
        Terms::usual(first.expect("a chain has stages, and they are shipped"))
    }
}

/// On which terms a run is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// What it is asked to do, as its job declares.
    pub arguments: Value,
    /// 1 to 10, 10 is the most urgent.
    pub priority: i16,
    /// What has not ended by then is dead.
    pub deadline: Option<DateTime<Utc>>,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
}

impl Terms {
    /// As the job usually runs: without arguments, and with all the time that it needs.
    pub fn usual(job: &JobType) -> Self {
        Self { arguments: json!({}), priority: job.priority, deadline: None, traceparent: trace::current() }
    }

    /// Those of a run that is set off by one with these.
    pub(super) fn handed_on(&self) -> Self {
        Self { arguments: json!({}), ..self.clone() }
    }
}

/// One job to run by itself.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub job: JobName,
    pub terms: Terms,
    /// `None` means every data source.
    pub data_source_id: Option<Uuid>,
    /// At most one run is ever made for a key.
    pub key: Option<String>,
    pub triggered_by: String,
}

impl NewRun {
    /// On its usual terms.
    pub fn new(job: &JobType, triggered_by: impl Into<String>) -> Self {
        let terms = Terms::usual(job);
        Self { job: job.name, terms, data_source_id: None, key: None, triggered_by: triggered_by.into() }
    }

    /// Of a job that the product brings, on its usual terms.
    pub fn shipped(job: JobName, triggered_by: impl Into<String>) -> Self {
        let types = JobTypes::shipped();
        let job = types.named(job.as_str()).expect("the constants name jobs that are shipped");
        Self::new(job, triggered_by)
    }

    pub fn for_data_source(mut self, id: Uuid) -> Self {
        self.data_source_id = Some(id);
        self
    }

    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl Store {
    /// Queues a run in the caller's transaction. `None` when its key was used before.
    pub async fn enqueue_run(conn: &mut PgConnection, run: &NewRun) -> Result<Option<Uuid>> {
        let stage = Stage {
            job: run.job,
            terms: &run.terms,
            chain_id: None,
            data_source_id: run.data_source_id,
            key: run.key.as_deref(),
            triggered_by: &run.triggered_by,
            next: &[],
            tile: None,
            wait: Duration::ZERO,
        };
        enqueue_stage(conn, &stage).await
    }

    /// Queues the flywheel and answers the chain's run id. While an equal chain has not started yet, it serves both,
    /// and its id is answered.
    pub async fn start_flywheel(&self, data_source_id: Option<Uuid>, triggered_by: &str) -> Result<Uuid> {
        let mut tx = self.pool.begin().await?;
        let terms = Chain::Flywheel.usual_terms();
        let run = start_chain(&mut tx, Chain::Flywheel, &terms, data_source_id, triggered_by, Duration::ZERO)
            .await?;
        tx.commit().await?;
        Ok(run)
    }

    /// Queues learning and the match that uses it; collapses as [`Store::start_flywheel`] does. It starts after
    /// `wait`, or as soon as somebody asks for it without one.
    pub async fn enqueue_learning(
        conn: &mut PgConnection,
        data_source_id: Option<Uuid>,
        triggered_by: &str,
        wait: Duration,
    ) -> Result<Uuid> {
        let terms = Chain::Learning.usual_terms();
        start_chain(conn, Chain::Learning, &terms, data_source_id, triggered_by, wait).await
    }
}

pub(super) async fn start_chain(
    conn: &mut PgConnection,
    chain: Chain,
    terms: &Terms,
    data_source_id: Option<Uuid>,
    triggered_by: &str,
    wait: Duration,
) -> Result<Uuid> {
    // Two callers at once would both see no queued chain.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('chain ' || $1 || coalesce($2, ''), 0))",
        chain.as_str(),
        data_source_id.map(|id| id.to_string()),
    )
    .execute(&mut *conn)
    .await?;
    let [first, rest @ ..] = chain.stages() else { unreachable!("a chain has stages") };
    // The share lock keeps the first stage from starting before the caller's transaction ends, so
    // it sees what the caller wrote.
    let waiting = sqlx::query!(
        r#"select s.chain_id as "chain_id!", s.delivery as "delivery!"
           from job_runs s join job_runs c on c.id = s.chain_id
           where c.job = $1 and s.job = $2 and s.status = 'queued' and s.attempts = 0
             and s.data_source_id is not distinct from $3 and s.priority >= $4
             and s.deadline is not distinct from $5
           limit 1 for share of s"#,
        chain.as_str(),
        first.as_str(),
        data_source_id,
        terms.priority,
        terms.deadline,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(waiting) = waiting {
        if wait.is_zero() {
            deliveries::hasten(conn, &waiting.delivery).await?;
        }
        return Ok(waiting.chain_id);
    }
    let chain_id = Uuid::now_v7();
    sqlx::query!(
        "insert into job_runs (id, job, data_source_id, triggered_by, priority, deadline)
         values ($1, $2, $3, $4, $5, $6)",
        chain_id,
        chain.as_str(),
        data_source_id,
        triggered_by,
        terms.priority,
        terms.deadline,
    )
    .execute(&mut *conn)
    .await?;
    let stage = Stage {
        job: *first,
        terms,
        chain_id: Some(chain_id),
        data_source_id,
        key: None,
        triggered_by,
        next: rest,
        tile: None,
        wait,
    };
    enqueue_stage(conn, &stage).await?;
    Ok(chain_id)
}

pub(super) struct Stage<'a> {
    pub job: JobName,
    pub terms: &'a Terms,
    pub chain_id: Option<Uuid>,
    pub data_source_id: Option<Uuid>,
    pub key: Option<&'a str>,
    pub triggered_by: &'a str,
    pub next: &'a [JobName],
    pub tile: Option<Tile>,
    pub wait: Duration,
}

pub(super) async fn enqueue_stage(conn: &mut PgConnection, stage: &Stage<'_>) -> Result<Option<Uuid>> {
    let id = Uuid::now_v7();
    let next: Vec<String> = stage.next.iter().map(|j| j.as_str().to_owned()).collect();
    // Inside a chain each job occurs once.
    let key = match (stage.key, stage.chain_id) {
        (Some(key), _) => Some(key.to_owned()),
        (None, Some(chain_id)) => Some(format!("{chain_id}/{}", stage.job.as_str())),
        (None, None) => None,
    };
    let delivery = deliveries::new_id(conn).await?;
    let inserted = sqlx::query!(
        "insert into job_runs (id, job, chain_id, data_source_id, key, triggered_by, next_jobs, delivery,
                               parent_id, generation, arguments, priority, deadline, traceparent)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (key) do nothing",
        id,
        stage.job.as_str(),
        stage.chain_id,
        stage.data_source_id,
        key,
        stage.triggered_by,
        &next,
        delivery,
        stage.tile.map(|tile| tile.run_id),
        stage.tile.map(|tile| tile.generation),
        stage.terms.arguments,
        stage.terms.priority,
        stage.terms.deadline,
        stage.terms.traceparent,
    )
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(None);
    }
    deliveries::push(conn, &delivery, stage.job.as_str(), id, stage.terms.priority, stage.wait).await?;
    Ok(Some(id))
}

/// Brings a run that exists to a worker once more.
pub(super) async fn deliver_again(
    conn: &mut PgConnection,
    run_id: Uuid,
    queue: &str,
    wait: Duration,
) -> Result<()> {
    let delivery = deliveries::new_id(conn).await?;
    let priority = sqlx::query_scalar!(
        "update job_runs set delivery = $2 where id = $1 returning priority",
        run_id,
        delivery
    )
    .fetch_one(&mut *conn)
    .await?;
    deliveries::push(conn, &delivery, queue, run_id, priority, wait).await
}
