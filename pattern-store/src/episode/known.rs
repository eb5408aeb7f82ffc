use chrono::{DateTime, Utc};
use pattern_core::domain::{PatternKind, PointChange, Word};
use std::collections::HashMap;
use uuid::Uuid;

use crate::{Result, Store};

/// An episode that somebody gave a name.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownEpisode {
    pub pattern_id: Uuid,
    pub suggestion_id: Uuid,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub changes: Vec<PointChange>,
}

impl Store {
    /// How often people said of an episode of a data source that it was not of a kind of event, by the pattern.
    pub async fn rejected_episodes(&self, data_source: Uuid) -> Result<HashMap<Uuid, usize>> {
        let rows = sqlx::query!(
            r#"select pattern_id as "pattern_id!", count(*) as "rejected!" from suggestions
               where data_source_id = $1 and kind = $2 and status = 'rejected' and pattern_id is not null
               group by pattern_id"#,
            data_source,
            PatternKind::Episode.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.pattern_id, row.rejected as usize)).collect())
    }

    /// The episodes of a data source that have a name, the oldest first.
    pub async fn known_episodes(&self, data_source: Uuid) -> Result<Vec<KnownEpisode>> {
        let rows = sqlx::query!(
            "select pattern_id, suggestion_id, starts_at, ends_at, changes from episodes
             where data_source_id = $1 and retracted_at is null order by starts_at, id",
            data_source
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(KnownEpisode {
                    pattern_id: row.pattern_id,
                    suggestion_id: row.suggestion_id,
                    starts_at: row.starts_at,
                    ends_at: row.ends_at,
                    changes: serde_json::from_value(row.changes)?,
                })
            })
            .collect()
    }
}
