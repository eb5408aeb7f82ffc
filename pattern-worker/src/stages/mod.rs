//! What the jobs do.

use futures_util::FutureExt;
use pattern_config::EngineConfig;
use pattern_store::{
    Store,
    jobs::{Handler, JobError},
};
use std::sync::Arc;

/// Does every job of the engine.
pub fn handler(_: Store, _: EngineConfig) -> Handler {
    Arc::new(|context| {
        async move { Err(JobError::GiveUp(format!("no worker knows how to do {}", context.job.as_str()))) }
            .boxed()
    })
}
