//! Taking a decision back: what it left behind is retracted, nothing opposite is added.

use pattern_core::domain::EventType;
use sqlx::PgConnection;
use uuid::Uuid;

use super::decide::Deciding;
use super::propose::expire;
use crate::{StoreError, evidence};

/// Retracts bindings, equipment, evidence and rejection of the suggestion. Answers the suggestions that
/// have to make way for the reopened one.
pub(super) async fn retract(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
) -> Result<Vec<(Uuid, EventType, String)>, StoreError> {
    let (id, now) = (deciding.suggestion.id, deciding.now);
    sqlx::query!(
        "update bindings set retracted_at = $2 where suggestion_id = $1 and retracted_at is null",
        id,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update equipment e set status = 'retired', version = version + 1, updated_at = $2
         where e.id = (select equipment_id from suggestions where id = $1)
           and not exists (select from bindings b where b.equipment_id = e.id and b.retracted_at is null)",
        id,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update rejections set retracted_at = $2 where suggestion_id = $1 and retracted_at is null",
        id,
        now
    )
    .execute(&mut *conn)
    .await?;
    evidence::retract(conn, &id.to_string(), now).await?;

    // A later question about the same cluster and pattern would be open twice.
    let doubles = sqlx::query_scalar!(
        "select o.id from suggestions o join suggestions s on s.cluster_id = o.cluster_id
         where s.id = $1 and o.id <> s.id and o.status in ('pending', 'deferred')
           and o.pattern_id is not distinct from s.pattern_id",
        id
    )
    .fetch_all(&mut *conn)
    .await?;
    expire(conn, &doubles, now).await?;
    let why = "an earlier answer to the same question was taken back";
    Ok(doubles.into_iter().map(|id| (id, EventType::SuggestionExpired, why.to_owned())).collect())
}
