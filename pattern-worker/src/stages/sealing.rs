//! sealing: turns days that are over into compressed blocks.

use chrono::Duration;
use serde_json::{Value, json};

use super::{Stage, StageError};

pub(super) async fn run(stage: &Stage) -> Result<Value, StageError> {
    let after = Duration::hours(stage.engine.sealing_after_hours);
    let mut sealed = Vec::new();
    for day in stage.store.days_to_seal(stage.now, after).await? {
        if stage.cancelled.is_cancelled() {
            return Err(StageError::Cancelled);
        }
        stage.store.seal_day(day).await?;
        sealed.push(day);
    }
    Ok(json!({ "sealed_days": sealed }))
}
