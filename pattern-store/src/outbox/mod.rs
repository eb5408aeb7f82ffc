//! Events on their way out: written in the transaction that changes the state they tell of, given
//! their place in the one stream after it, and read by position ever after.

mod lease;
mod numbering;
mod pending;
mod publishing;
mod stream;

pub use lease::Lease;
pub use numbering::Numbered;
pub use publishing::UnpublishedEvent;
pub use stream::{NumberedEvent, StreamTop, stream_top};

use pattern_core::domain::{NewEvent, Word};
use sqlx::PgConnection;

use crate::{Result, trace};

/// NOTIFY channel: there are rows to number.
pub const CHANNEL_APPENDED: &str = "naia_outbox";
/// NOTIFY channel: the stream has a new top; the payload is its position, `<epoch>.<number>`.
pub const CHANNEL_POSITION: &str = "naia_position";

/// Puts events into the outbox. An event that is there already (same entity, version and type) stays.
pub async fn append(conn: &mut PgConnection, events: &[NewEvent]) -> Result<()> {
    let texts = events.iter().map(|new| serde_json::to_string(&new.event)).collect::<Result<Vec<_>, _>>()?;
    let each =
        |part: fn(&NewEvent) -> &str| events.iter().map(|new| part(new).to_owned()).collect::<Vec<_>>();
    sqlx::query!(
        "insert into outbox (id, aggregatetype, aggregateid, type, topic, data_source, event, traceparent)
         select id, aggregatetype, aggregateid, type, topic, data_source, event, $8
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
              with ordinality as e(id, aggregatetype, aggregateid, type, topic, data_source, event, n)
         order by n on conflict (id) do nothing",
        &events.iter().map(|new| new.event.id).collect::<Vec<_>>(),
        &each(|new| new.event.r#type.entity().as_str()),
        &events.iter().map(|new| new.event.subject).collect::<Vec<_>>(),
        &each(|new| new.event.r#type.as_str()),
        &each(|new| new.event.r#type.entity().topic()),
        &events.iter().map(|new| new.data_source.clone()).collect::<Vec<_>>() as &[Option<String>],
        &texts,
        trace::current()
    )
    .execute(&mut *conn)
    .await?;
    if !events.is_empty() {
        sqlx::query!("select pg_notify($1, '')", CHANNEL_APPENDED).execute(&mut *conn).await?;
    }
    Ok(())
}

/// The event as it is published: with its place in the stream as CloudEvents' `sequence`.
fn with_sequence(event: &str, position: i64) -> String {
    match event.strip_prefix('{') {
        Some(rest) => format!("{{\"sequence\":\"{position}\",{rest}"),
        None => event.to_owned(),
    }
}
