use chrono::{DateTime, Utc};
use pattern_core::domain::{Cause, EventType, NewEvent, PendingCountData};

use super::append;
use crate::{Result, Store};

impl Store {
    /// How many suggestions wait for an answer, in one data source or in all.
    pub async fn pending_count(&self, data_source: Option<&str>) -> Result<i64> {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from suggestions s
               where s.status = 'pending'
                 and ($1::text is null or s.data_source_id = (select id from data_sources where name = $1))"#,
            data_source,
        )
        .fetch_one(self.pool())
        .await?;
        Ok(count)
    }

    /// Data sources whose pending count is not the one that was last announced.
    pub async fn data_sources_with_other_pending_count(&self) -> Result<Vec<String>> {
        let names = sqlx::query_scalar!(
            "select d.name from data_sources d
             where d.announced_pending
                   <> (select count(*) from suggestions s where s.data_source_id = d.id and s.status = 'pending')
             order by d.id"
        )
        .fetch_all(self.pool())
        .await?;
        Ok(names)
    }

    /// Puts a PendingCountChanged into the outbox if the count differs from the one last announced.
    pub async fn announce_pending_count(&self, data_source: &str, now: DateTime<Utc>) -> Result<bool> {
        let mut tx = self.pool().begin().await?;
        // The lock comes first, in a statement of its own, so that the count below is not older than
        // one that somebody else announces meanwhile. It lets those go on who insert what refers to the
        // data source, and who may take their time.
        let source = sqlx::query!(
            "select id, version, announced_pending from data_sources where name = $1 for no key update",
            data_source,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(source) = source else { return Ok(false) };
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from suggestions where data_source_id = $1 and status = 'pending'"#,
            source.id,
        )
        .fetch_one(&mut *tx)
        .await?;
        if count == source.announced_pending {
            return Ok(false);
        }
        let version = source.version + 1;
        sqlx::query!(
            "update data_sources set announced_pending = $2, version = $3 where id = $1",
            source.id,
            count,
            version,
        )
        .execute(&mut *tx)
        .await?;
        let data = PendingCountData {
            id: source.id,
            version,
            data_source: data_source.to_owned(),
            pending_count: count,
            cause: Cause::engine(format!("{} before", source.announced_pending)),
        };
        let event =
            NewEvent::new(EventType::PendingCountChanged, source.id, version, Some(data_source), now, &data);
        append(&mut tx, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
