//! What every stage works with, and how it tells what came of it.

use chrono::{DateTime, Duration, Utc};
use pattern_config::EngineConfig;
use pattern_core::{
    domain::{ClusterKind, DataSource, JobName, PatternKind},
    series::frame::Frame,
};
use pattern_store::{
    FoundCluster, NewSuggestion, ProposeChange, Store, StoreError,
    jobs::{Fence, JobContext, JobError},
};
use serde_json::{Map, Value, json};
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

/// What `work` says about each data source that the job is for.
pub(super) async fn each_source<T>(
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
pub(super) async fn each_result(
    stage: &Stage,
    context: &JobContext,
    work: impl AsyncFn(&Stage, &DataSource) -> Result<Outcome, StageError>,
) -> Result<Value, StageError> {
    let mut results = Map::new();
    for (source, outcome) in each_source(stage, context, work).await? {
        let result = stage.result_of(context.job, &source, outcome).await?;
        results.insert(source.name, result);
    }
    Ok(results.into())
}

/// Where no point has a bucket.
pub(super) fn no_good_samples(frame: &Frame) -> String {
    format!(
        "no point has good samples between {} and {}: what the historian calls bad does not count",
        frame.start.format("%Y-%m-%d %H:%M UTC"),
        frame.end().format("%Y-%m-%d %H:%M UTC")
    )
}

impl Outcome {
    pub(super) fn no_samples() -> Self {
        Self::Done(json!({ "skipped": true, "nothing_found": "there are no samples, only names" }))
    }
}

impl Stage {
    /// The outcome as a result, with the reason where nothing was found, which is kept until something is.
    pub(super) async fn result_of(
        &self,
        job: JobName,
        source: &DataSource,
        outcome: Outcome,
    ) -> Result<Value, StageError> {
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
    pub(super) async fn propose(
        &self,
        source: &DataSource,
        kind: PatternKind,
        questions: &[NewSuggestion],
    ) -> Result<ProposeChange, StageError> {
        let answer_within = Duration::days(self.engine.suggestion_expiration_days);
        Ok(self.store.propose(source.id, kind, questions, answer_within, self.fence, self.now).await?)
    }

    /// Answers what changed.
    pub(super) async fn replace_clusters(
        &self,
        source: &DataSource,
        kind: ClusterKind,
        found: &[FoundCluster],
    ) -> Result<Value, StageError> {
        let change = self.store.replace_clusters(source.id, kind, found, self.fence, self.now).await?;
        Ok(json!({ "clusters": found.len(), "change": change }))
    }
}
