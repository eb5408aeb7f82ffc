//! pattern-learning: folds evidence into confidences.

use serde_json::{Value, json};

use super::stage::{Stage, StageError};

pub(super) async fn run(stage: &Stage) -> Result<Value, StageError> {
    let folded = stage.store.fold_evidence(stage.fence, stage.now).await?;
    Ok(json!(folded))
}
