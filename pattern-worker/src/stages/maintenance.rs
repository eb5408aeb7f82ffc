//! maintenance: lets go of what nobody needs any more.

use chrono::Duration;
use serde_json::{Value, json};

use super::{Stage, StageError};

/// Kafka keeps events for as long; older ones need no second copy. Not less, or a reader that is behind
/// would find a gap that nothing fills.
const EVENT_DAYS: i64 = 7;

pub(super) async fn run(stage: &Stage) -> Result<Value, StageError> {
    let store = &stage.store;
    let retention = stage.now - Duration::days(stage.engine.retention_days);
    let reopened = store.reopen_due_deferrals(stage.now).await?;
    let expired = store.expire_unanswered(stage.now).await?;
    let events = store.prune_events(stage.now - Duration::days(EVENT_DAYS)).await?;
    let runs = store.prune_runs(retention).await?;
    let dead_letters = store.prune_dead_letters(retention).await?;
    let keys = store.prune_idempotency_keys(stage.now - Duration::days(EVENT_DAYS)).await?;
    Ok(json!({
        "suggestions_reopened": reopened,
        "suggestions_expired": expired,
        "events_pruned": events,
        "job_runs_pruned": runs.runs,
        "dead_letters_pruned": dead_letters,
        "idempotency_keys_pruned": keys,
    }))
}
