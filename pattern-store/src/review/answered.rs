//! Questions that a person, or time, has answered.

use pattern_core::domain::{PatternKind, Purpose, SuggestionStatus, Word};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::{Result, StoreError, error::stored};

/// How a question was answered before. Of several answers the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// What it is is known.
    Approved,
    /// It is something else.
    Rejected,
    /// Nobody said so in time.
    Unanswered,
}

impl Answer {
    fn of(status: SuggestionStatus) -> Result<Self> {
        match status {
            SuggestionStatus::Approved => Ok(Self::Approved),
            SuggestionStatus::Rejected => Ok(Self::Rejected),
            SuggestionStatus::Expired => Ok(Self::Unanswered),
            SuggestionStatus::Pending | SuggestionStatus::Deferred => {
                Err(StoreError::Corrupt(format!("a question that is {} counts as answered", status.as_str())))
            }
        }
    }
}

/// A question that is answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub suggestion_id: Uuid,
    pub subject_id: Uuid,
    pub answer: Answer,
    /// The confirmed one where it was approved, else the one that was asked about.
    pub pattern_id: Option<Uuid>,
    pub members: BTreeSet<Uuid>,
    pub purpose: Purpose,
    pub confidence: f64,
}

/// Approvals and rejections in force, and questions that ran out unanswered.
pub(crate) async fn answered(
    conn: &mut PgConnection,
    kind: PatternKind,
    data_source: Uuid,
) -> Result<Vec<Answered>> {
    let rows = sqlx::query!(
        r#"select id, subject_id, status, purpose, confidence, members,
                  coalesce(confirmed_pattern_id, pattern_id) as pattern_id
           from suggestions
           where data_source_id = $1 and kind = $2
             and (status in ('approved', 'rejected') or (status = 'expired' and updated_at >= expires_at))"#,
        data_source,
        kind.as_str()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Answered {
                suggestion_id: row.id,
                subject_id: row.subject_id,
                answer: Answer::of(stored("suggestion", row.id, &row.status)?)?,
                pattern_id: row.pattern_id,
                members: row.members.into_iter().collect(),
                purpose: stored("suggestion", row.id, &row.purpose)?,
                confidence: row.confidence,
            })
        })
        .collect()
}
