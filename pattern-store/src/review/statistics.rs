use pattern_core::domain::{PatternKind, Word};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Result, Store};

/// How many suggestions there are by status, and how they were answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SuggestionStats {
    pub pending: i64,
    pub deferred: i64,
    pub approved: i64,
    pub rejected: i64,
    pub expired: i64,
    pub approved_today: i64,
    pub rejected_today: i64,
    /// Approved ÷ (approved + rejected); null before the first of them.
    pub approval_rate: Option<f64>,
}

impl Store {
    /// How many decisions of a kind were made about a data source: grows with every answer.
    pub async fn decision_count(&self, data_source: Uuid, kind: PatternKind) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "n!" from decisions x join suggestions s on s.id = x.suggestion_id
               where s.data_source_id = $1 and s.kind = $2"#,
            data_source,
            kind.as_str()
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Confidence of the newest suggestions of a kind that were approved or rejected, as it was then, and whether the proposed
    /// pattern was right.
    pub async fn decided_confidences(
        &self,
        data_source: Uuid,
        kind: PatternKind,
        limit: usize,
    ) -> Result<Vec<(f64, bool)>> {
        let rows = sqlx::query!(
            r#"select confidence, coalesce(confirmed_pattern_id = pattern_id, false) as "right!" from suggestions
               where data_source_id = $1 and kind = $2 and status in ('approved', 'rejected')
                 and purpose <> 'new_pattern'
               order by updated_at desc, id limit $3"#,
            data_source,
            kind.as_str(),
            limit as i64
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.confidence, row.right)).collect())
    }

    pub async fn suggestion_stats(&self) -> Result<SuggestionStats> {
        let row = sqlx::query!(
            r#"select count(*) filter (where status = 'pending') as "pending!",
                      count(*) filter (where status = 'deferred') as "deferred!",
                      count(*) filter (where status = 'approved') as "approved!",
                      count(*) filter (where status = 'rejected') as "rejected!",
                      count(*) filter (where status = 'expired') as "expired!",
                      count(*) filter (where status = 'approved'
                                       and updated_at >= date_trunc('day', now(), 'UTC')) as "approved_today!",
                      count(*) filter (where status = 'rejected'
                                       and updated_at >= date_trunc('day', now(), 'UTC')) as "rejected_today!"
               from suggestions"#
        )
        .fetch_one(&self.pool)
        .await?;
        let decided = row.approved + row.rejected;
        Ok(SuggestionStats {
            pending: row.pending,
            deferred: row.deferred,
            approved: row.approved,
            rejected: row.rejected,
            expired: row.expired,
            approved_today: row.approved_today,
            rejected_today: row.rejected_today,
            approval_rate: (decided > 0).then(|| row.approved as f64 / decided as f64),
        })
    }
}
