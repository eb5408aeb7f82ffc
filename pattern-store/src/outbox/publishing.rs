use std::time::Duration;
use uuid::Uuid;

use super::with_sequence;
use crate::{Result, Store};

/// An event that has its position and waits for Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpublishedEvent {
    pub epoch: String,
    pub position: i64,
    pub id: Uuid,
    /// Without prefix.
    pub topic: String,
    /// The entity; its events keep their order on the topic.
    pub key: Uuid,
    /// The CloudEvent, `sequence` included.
    pub text: String,
    pub traceparent: Option<String>,
}

impl Store {
    /// The first events, by position, that Kafka has not acknowledged.
    pub async fn unpublished_events(&self, limit: i64) -> Result<Vec<UnpublishedEvent>> {
        let rows = sqlx::query!(
            r#"select s.epoch, o.position as "position!", o.id, o.topic, o.aggregateid, o.event, o.traceparent
               from outbox o cross join stream s
               where o.published_at is null and o.position is not null
               order by o.position limit $1"#,
            limit,
        )
        .fetch_all(self.pool())
        .await?;
        let events = rows.into_iter().map(|row| UnpublishedEvent {
            text: with_sequence(&row.event, row.position),
            epoch: row.epoch,
            position: row.position,
            id: row.id,
            topic: row.topic,
            key: row.aggregateid,
            traceparent: row.traceparent,
        });
        Ok(events.collect())
    }

    /// Call it once Kafka has acknowledged everything from `first` to `last`.
    pub async fn mark_events_published(&self, first: i64, last: i64) -> Result<()> {
        sqlx::query!(
            "update outbox set published_at = now()
             where position between $1 and $2 and published_at is null",
            first,
            last,
        )
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// How many events Kafka has not acknowledged, numbered or not.
    pub async fn unpublished_count(&self) -> Result<i64> {
        let count = sqlx::query_scalar!(
            r#"select (select count(*) from outbox where position is null)
                    + (select count(*) from outbox where published_at is null and position is not null)
                   as "count!""#
        )
        .fetch_one(self.pool())
        .await?;
        Ok(count)
    }

    /// How long the event that was written first has been waiting for Kafka; zero where none waits.
    pub async fn oldest_unpublished(&self) -> Result<Duration> {
        let seconds = sqlx::query_scalar!(
            r#"select coalesce(extract(epoch from now() - least(
                   (select created_at from outbox where published_at is null and position is not null
                    order by position limit 1),
                   (select created_at from outbox where position is null order by ordinal limit 1))),
               0)::float8 as "seconds!""#
        )
        .fetch_one(self.pool())
        .await?;
        Ok(Duration::from_secs_f64(seconds.max(0.0)))
    }
}
