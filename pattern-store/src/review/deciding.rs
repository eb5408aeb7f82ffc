//! What the steps of a decision share.

use chrono::{DateTime, Utc};
use pattern_core::domain::{Suggestion, SuggestionStatus, Word};
use uuid::Uuid;

use super::asked::Asked;
use crate::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// Somebody was faster, or the reviewer saw another question.
    #[error("suggestion is {} since {decided_at} (by {decided_by}); reload it before deciding", .status.as_str())]
    Conflict { status: SuggestionStatus, version: i64, decided_by: String, decided_at: DateTime<Utc> },
    #[error("idempotency key was used with another request; use a new key")]
    KeyReused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DecideError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What every step of a decision needs to know.
pub(crate) struct Deciding<'a> {
    pub suggestion: &'a Suggestion,
    pub asked: &'a Asked,
    pub data_source_id: Uuid,
    pub decision_id: Uuid,
    pub reviewer: &'a str,
    pub now: DateTime<Utc>,
}

/// What an approval made.
pub(crate) struct Outcome {
    pub id: Uuid,
    /// For people.
    pub label: String,
    /// The pattern that was confirmed.
    pub pattern_id: Uuid,
    /// What was done, in words.
    pub cause: String,
}
