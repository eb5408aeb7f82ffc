//! sealing: turns days that are over into compressed blocks.

use chrono::Duration;
use serde_json::{Value, json};

use super::stage::{Stage, StageError};

/// After a backfill there may be thousands.
const DAYS_NAMED: usize = 100;

pub(super) async fn run(stage: &Stage) -> Result<Value, StageError> {
    let after = Duration::hours(stage.engine.sealing_after_hours);
    let mut sealed = Vec::new();
    let mut more = 0;
    for day in stage.store.days_to_seal(stage.now, after).await? {
        if stage.cancelled.is_cancelled() {
            return Err(StageError::Cancelled);
        }
        stage.store.seal_day(day).await?;
        if sealed.len() < DAYS_NAMED {
            sealed.push(day);
        } else {
            more += 1;
        }
    }
    Ok(json!({ "sealed_days": sealed, "more_sealed_days": more }))
}
