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
mod question;
mod sealing;
mod stage;
mod window;

use pattern_config::EngineConfig;
use pattern_core::domain::JobName;
use pattern_store::{
    Store,
    jobs::{Fence, Handler, JobContext, JobError, JobOutcome},
};
use std::sync::Arc;

use crate::readings::KeptReadings;
use stage::{Stage, StageError, each_result};

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
        JobName::BEHAVIORAL_ANALYSIS => each_result(stage, context, behavior::run).await?.into(),
        JobName::CORRELATION_ANALYSIS => correlation::run(stage, context).await?,
        JobName::CORRELATION_TILE => correlation::tile(stage, context).await?.into(),
        JobName::CLUSTER_DETECTION => each_result(stage, context, clustering::run).await?.into(),
        JobName::PATTERN_MATCHING => each_result(stage, context, matching::run).await?.into(),
        JobName::PATTERN_LEARNING => learning::run(stage).await?.into(),
        JobName::MAINTENANCE => maintenance::run(stage).await?.into(),
        JobName::SEALING => sealing::run(stage).await?.into(),
        job => return Err(JobError::GiveUp(format!("this worker does not know how to do '{job}'")).into()),
    })
}
