//! Taking a decision back: what it left behind is retracted, nothing opposite is added.

use pattern_core::domain::{EventType, SuggestionStatus};
use sqlx::PgConnection;

use super::deciding::Deciding;
use super::kinds;
use super::write::{Touched, expire};
use crate::{StoreError, evidence};

/// Retracts what the suggestion's approval made, and its evidence. Answers the suggestions that have to make way for
/// the reopened one.
pub(super) async fn retract(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
) -> Result<Vec<Touched>, StoreError> {
    let (id, now) = (deciding.suggestion.id, deciding.now);
    if deciding.suggestion.status == SuggestionStatus::Approved {
        kinds::take_back(conn, deciding).await?;
    }
    evidence::retract(conn, &id.to_string(), now).await?;

    // A later question about the same subject and pattern would be open twice.
    let doubles = sqlx::query_scalar!(
        "select o.id from suggestions o join suggestions s on s.subject_id = o.subject_id
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
