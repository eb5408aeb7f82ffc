//! Events on their way out: written in the transaction that changes the state they tell of.

use pattern_core::domain::NewEvent;
use sqlx::PgConnection;

use crate::Result;

/// Puts events into the outbox. An event that is there already (same entity, version and type) stays.
pub async fn append(conn: &mut PgConnection, events: &[NewEvent]) -> Result<()> {
    for NewEvent { event, data_source } in events {
        let text = serde_json::to_string(event)?;
        sqlx::query!(
            "insert into outbox (id, aggregatetype, aggregateid, type, topic, data_source, event)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing",
            event.id,
            event.r#type.aggregate(),
            event.subject,
            event.r#type.as_str(),
            event.r#type.topic(),
            data_source.as_deref(),
            text,
        )
        .execute(&mut *conn)
        .await?;
    }
    if !events.is_empty() {
        sqlx::query!("select pg_notify('naia_outbox', '')").execute(&mut *conn).await?;
    }
    Ok(())
}
