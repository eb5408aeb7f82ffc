//! What the jobs do. Each stage is idempotent: running it again over the same input changes nothing.

mod behavior;
mod clustering;
mod correlation;
mod episodes;
mod events;
mod learning;
mod lesson;
mod maintenance;
mod matching;
mod new_pattern;
mod sealing;
mod window;

use chrono::{DateTime, Duration, Utc};
use pattern_config::EngineConfig;
use pattern_core::{
    domain::{ClusterKind, DataSource, JobName, PatternKind},
    series::frame::Frame,
};
use pattern_store::{
    FoundCluster, NewSuggestion, ProposeChange, Store, StoreError,
    jobs::{Fence, Handler, JobContext, JobError, JobOutcome},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::readings::KeptReadings;

/// What every stage works with.
pub(crate) struct Stage {
    pub store: Store,
    pub engine: EngineConfig,
    pub readings: KeptReadings,
    pub run_id: Uuid,
    pub fence: Fence,
    /// By PostgreSQL's clock, when the job began.
    pub now: DateTime<Utc>,
    pub cancelled: CancellationToken,
}

/// A stage either did its work, or saw that its input is the one it worked on last.
pub(crate) enum Outcome {
    Done(Value),
    Unchanged,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error("cancelled")]
    Cancelled,
    #[error("the clock of this machine and that of postgres differ by more than a minute")]
    WrongClock,
}

/// The handler that the job queue calls.
pub fn handler(store: Store, engine: EngineConfig) -> Handler {
    let readings = KeptReadings::default();
    Arc::new(move |context: JobContext| {
        let (store, engine, readings) = (store.clone(), engine.clone(), readings.clone());
        Box::pin(async move {
            let stage = Stage {
                now: store.database_time().await?,
                store,
                engine,
                readings,
                run_id: context.run_id,
                fence: Fence::of(&context),
                cancelled: context.cancelled.clone(),
            };
            run(&stage, &context).await.map_err(|error| match error {
                StageError::Job(error) => error,
                other => JobError::Retry(other.to_string()),
            })
        })
    })
}

async fn run(stage: &Stage, context: &JobContext) -> Result<JobOutcome, StageError> {
    let types = stage.store.job_types();
    // It was right when the run was taken, or it would be elsewhere.
    let by_the_clock = types.named(context.job.as_str()).is_ok_and(|job| job.needs_right_clock);
    if by_the_clock && !stage.store.clock_is_right() {
        return Err(StageError::WrongClock);
    }
    Ok(match context.job {
        JobName::BEHAVIORAL_ANALYSIS => each_told(stage, context, behavior::run).await?.into(),
        JobName::CORRELATION_ANALYSIS => correlation::run(stage, context).await?,
        JobName::CORRELATION_TILE => correlation::tile(stage, context).await?.into(),
        JobName::CLUSTER_DETECTION => each_told(stage, context, clustering::run).await?.into(),
        JobName::PATTERN_MATCHING => each_told(stage, context, matching::run).await?.into(),
        JobName::PATTERN_LEARNING => learning::run(stage).await?.into(),
        JobName::MAINTENANCE => maintenance::run(stage).await?.into(),
        JobName::SEALING => sealing::run(stage).await?.into(),
        job => return Err(JobError::GiveUp(format!("this worker does not know how to do '{job}'")).into()),
    })
}

/// What `work` says about each data source that the job is for.
async fn each_source<T>(
    stage: &Stage,
    context: &JobContext,
    work: impl AsyncFn(&Stage, &DataSource) -> Result<T, StageError>,
) -> Result<Vec<(DataSource, T)>, StageError> {
    let mut results = Vec::new();
    for source in stage.store.data_sources().await? {
        if context.data_source_id.is_some_and(|wanted| wanted != source.id) {
            continue;
        }
        if stage.cancelled.is_cancelled() {
            return Err(StageError::Cancelled);
        }
        let result = work(stage, &source).await?;
        results.push((source, result));
    }
    Ok(results)
}

/// The result of a job whose outcome is known at once, by the name of the data source.
async fn each_told(
    stage: &Stage,
    context: &JobContext,
    work: impl AsyncFn(&Stage, &DataSource) -> Result<Outcome, StageError>,
) -> Result<Value, StageError> {
    let mut results = Map::new();
    for (source, outcome) in each_source(stage, context, work).await? {
        let result = stage.told(context.job, &source, outcome).await?;
        results.insert(source.name, result);
    }
    Ok(results.into())
}

/// Where no point has a bucket.
fn no_good_samples(frame: &Frame) -> String {
    format!(
        "no point has good samples between {} and {}: what the historian calls bad does not count",
        frame.start.format("%Y-%m-%d %H:%M UTC"),
        frame.end().format("%Y-%m-%d %H:%M UTC")
    )
}

impl Outcome {
    fn no_samples() -> Self {
        Self::Done(json!({ "skipped": true, "nothing_found": "there are no samples, only names" }))
    }
}

impl Stage {
    /// The outcome as a result, with the reason where nothing was found, which is kept until something is.
    async fn told(&self, job: JobName, source: &DataSource, outcome: Outcome) -> Result<Value, StageError> {
        let stage = job.as_str();
        match outcome {
            Outcome::Done(result) => {
                let reason = result["nothing_found"].as_str();
                self.store.set_nothing_found(source.id, stage, reason, self.fence).await?;
                Ok(result)
            }
            Outcome::Unchanged => Ok(match self.store.nothing_found(source.id, stage).await? {
                Some(reason) => json!({ "skipped": true, "nothing_found": reason }),
                None => json!({ "skipped": true }),
            }),
        }
    }

    /// Runs `work` unless the stage saw this input before, and remembers the input when it is done.
    pub async fn unless_unchanged<F>(
        &self,
        stage: &str,
        source: &DataSource,
        input_version: &str,
        work: F,
    ) -> Result<Outcome, StageError>
    where
        F: Future<Output = Result<Value, StageError>>,
    {
        if self.store.stage_input(stage, source.id).await?.as_deref() == Some(input_version) {
            return Ok(Outcome::Unchanged);
        }
        let result = work.await?;
        self.store.set_stage_input(stage, source.id, input_version, self.fence).await?;
        Ok(Outcome::Done(result))
    }

    /// Makes these the open questions of a kind about the data source, and answers what changed.
    async fn propose(
        &self,
        source: &DataSource,
        kind: PatternKind,
        questions: &[NewSuggestion],
    ) -> Result<ProposeChange, StageError> {
        let answer_within = Duration::days(self.engine.suggestion_expiration_days);
        Ok(self.store.propose(source.id, kind, questions, answer_within, self.fence, self.now).await?)
    }

    /// Answers what changed.
    async fn replace_clusters(
        &self,
        source: &DataSource,
        kind: ClusterKind,
        found: &[FoundCluster],
    ) -> Result<Value, StageError> {
        let change = self.store.replace_clusters(source.id, kind, found, self.fence, self.now).await?;
        Ok(json!({ "clusters": found.len(), "change": change }))
    }
}

/// A short hash of everything that a stage's result depends on.
pub(crate) fn version_of<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut hash = Sha256::new();
    // Another release may see something else in the same data.
    hash.update(env!("CARGO_PKG_VERSION"));
    for part in parts {
        let part = part.as_ref();
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..12].iter().map(|b| format!("{b:02x}")).collect()
}
