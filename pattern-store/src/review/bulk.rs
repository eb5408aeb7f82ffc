//! Many decisions at once: each in a transaction of its own, what they teach is learned in one run.

use chrono::{DateTime, Utc};
use pattern_core::domain::Suggestion;
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

use super::decide::{DecisionRequest, Request};
use super::deciding::DecideError;
use crate::{Idempotency, Store, StoreError};

/// Learning is queued with the first decision, so that it happens whatever becomes of this process, and begins
/// when the last one is made, or after this time.
const LEARN_AFTER: Duration = Duration::from_secs(10);

/// One of several decisions.
#[derive(Debug, Clone)]
pub struct NewDecision {
    pub id: Uuid,
    pub request: DecisionRequest,
    pub idempotency: Option<Idempotency>,
}

impl Store {
    /// Decides in the given order. Each stands alone: one that fails leaves the others.
    pub async fn decide_all(
        &self,
        decisions: &[NewDecision],
        reviewer: &str,
        now: DateTime<Utc>,
    ) -> Vec<Result<Suggestion, DecideError>> {
        let mut results = Vec::with_capacity(decisions.len());
        let mut taught = BTreeSet::new();
        for NewDecision { id, request, idempotency } in decisions {
            let idempotency = idempotency.as_ref();
            let asked = Request { id: *id, request, reviewer, idempotency, now };
            results.push(self.decide_one(asked, LEARN_AFTER).await.map(|(suggestion, source)| {
                taught.extend(source);
                suggestion
            }));
        }
        for source in taught {
            if let Err(error) = self.learn_now(source, reviewer).await {
                tracing::warn!(%error, "learning starts some seconds late");
            }
        }
        results
    }

    async fn learn_now(&self, data_source: Uuid, reviewer: &str) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        Store::enqueue_learning(&mut tx, Some(data_source), reviewer, Duration::ZERO).await?;
        tx.commit().await?;
        Ok(())
    }
}
