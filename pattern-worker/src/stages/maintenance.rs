//! maintenance: lets go of what nobody needs any more.

use chrono::Duration;
use pattern_core::domain::TOPIC_RETENTION_MS;
use pattern_store::samples::KeptFrom;
use serde_json::{Value, json};

use super::stage::{Stage, StageError};

/// An answer is kept with its key for as long: nobody repeats a request after that.
const KEY_DAYS: i64 = 7;

pub(super) async fn run(stage: &Stage) -> Result<Value, StageError> {
    let store = &stage.store;
    let retention = stage.now - Duration::days(stage.engine.retention_days);
    let reopened = store.reopen_due_deferrals(stage.now).await?;
    let expired = store.expire_unanswered(stage.now).await?;
    // Kafka keeps events for as long. Not less, or a reader that is behind would find a gap that nothing
    // fills; more would be a second copy that nobody needs.
    let kept_by_kafka = Duration::milliseconds(TOPIC_RETENTION_MS as i64);
    let events = store.prune_events(stage.now - kept_by_kafka).await?;
    let runs = store.prune_runs(retention).await?;
    let plans = store.prune_correlation_plans().await?;
    let dead_letters = store.prune_dead_letters(retention).await?;
    let samples = store.prune_samples(stage.kept_from()).await?;
    let sessions = store.prune_sessions().await?;
    let keys = store.prune_idempotency_keys(stage.now - Duration::days(KEY_DAYS)).await?;
    Ok(json!({
        "suggestions_reopened": reopened,
        "suggestions_expired": expired,
        "events_pruned": events,
        "job_runs_pruned": runs.runs,
        "correlation_plans_pruned": plans,
        "dead_letters_pruned": dead_letters,
        "idempotency_keys_pruned": keys,
        "samples_pruned": samples,
        "sessions_pruned": sessions,
    }))
}

impl Stage {
    fn kept_from(&self) -> KeptFrom {
        let from = |days: Option<i64>| days.map(|days| self.now.date_naive() - Duration::days(days));
        KeptFrom {
            samples: from(self.engine.sample_retention_days),
            means: from(self.engine.rollup_retention_days),
        }
    }
}
