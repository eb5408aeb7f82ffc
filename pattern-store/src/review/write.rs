//! What a change of suggestions writes, and what it tells. Statements for all of them: whoever decides meanwhile
//! waits for the whole.

use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{Cause, EventType, NewEvent, SuggestionData, Word};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

use super::new_suggestion::NewSuggestion;
use super::read::load_suggestions;
use crate::{Result, outbox};

/// A suggestion that has changed, what happened to it, and why.
pub(super) type Touched = (Uuid, EventType, String);

/// As `jsonb_to_recordset` takes them: an array of arrays has no other way in.
fn rows(suggestions: &[(Uuid, &NewSuggestion)]) -> Value {
    let row = |(id, new): &(Uuid, &NewSuggestion)| {
        let (pattern_id, pattern_version) = new.pattern.unzip();
        json!({
            "id": id,
            "kind": new.content.kind().as_str(),
            "subject_kind": new.subject.kind.as_str(),
            "subject_id": new.subject.id,
            "subject_label": new.subject.label,
            "pattern_id": pattern_id,
            "pattern_version": pattern_version,
            "purpose": new.purpose.as_str(),
            "confidence": new.confidence,
            "scores": new.scores,
            "reason": new.reason,
            "members": new.members,
            "content": new.content,
            "fits": new.fits,
            "draft": new.draft,
            "priority": new.priority,
        })
    };
    suggestions.iter().map(row).collect()
}

pub(super) async fn insert_all(
    conn: &mut PgConnection,
    data_source: Uuid,
    new: &[(Uuid, &NewSuggestion)],
    answer_within: Duration,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into suggestions (id, data_source_id, kind, subject_kind, subject_id, subject_label, pattern_id,
                                  pattern_version, purpose, confidence, scores, reason, members, content, fits,
                                  answer_within, draft, created_at, updated_at, expires_at, priority)
         select n.id, $2, n.kind, n.subject_kind, n.subject_id, n.subject_label, n.pattern_id, n.pattern_version,
                n.purpose, n.confidence, n.scores, n.reason, n.members, n.content, n.fits, $3, n.draft, $4, $4,
                $4::timestamptz + $3::interval, n.priority
         from jsonb_to_recordset($1) as n(id uuid, kind text, subject_kind text, subject_id uuid, subject_label text,
              pattern_id uuid, pattern_version bigint, purpose text, confidence double precision, scores jsonb,
              reason text, members uuid[], content jsonb, fits jsonb, draft jsonb, priority double precision)",
        rows(new),
        data_source,
        answer_within as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The version of the content rises with what is asked, and about what: what a reviewer saw. What stands under `context`
/// is only shown beside it.
pub(super) async fn update_all(
    conn: &mut PgConnection,
    changed: &[(Uuid, &NewSuggestion)],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update suggestions s
         set purpose = n.purpose, confidence = n.confidence, scores = n.scores, reason = n.reason,
             subject_label = n.subject_label, members = n.members, content = n.content, fits = n.fits,
             pattern_version = n.pattern_version, draft = n.draft, version = s.version + 1, updated_at = $2,
             priority = n.priority,
             content_version = case
                 when s.members @> n.members and s.members <@ n.members
                      and s.content - 'context' = n.content - 'context'
                      and s.draft->'name' is not distinct from n.draft->'name'
                 then s.content_version else s.version + 1 end
         from jsonb_to_recordset($1) as n(id uuid, pattern_version bigint, purpose text, subject_label text,
              confidence double precision, scores jsonb, reason text, members uuid[], content jsonb, fits jsonb,
              draft jsonb, priority double precision)
         where s.id = n.id",
        rows(changed),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Every answer changes what the others would teach; that is no news about a suggestion.
pub(super) async fn prioritise(conn: &mut PgConnection, priorities: Vec<(Uuid, f64)>) -> Result<()> {
    let (ids, priorities): (Vec<Uuid>, Vec<f64>) = priorities.into_iter().unzip();
    sqlx::query!(
        "update suggestions s set priority = new.priority
         from unnest($1::uuid[], $2::double precision[]) as new(id, priority)
         where s.id = new.id and s.priority <> new.priority",
        &ids,
        &priorities
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn expire(conn: &mut PgConnection, ids: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update suggestions set status = 'expired', version = version + 1, updated_at = $2 where id = any($1)",
        ids,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells of changed suggestions as they are now, in the given order.
pub(super) async fn publish(
    conn: &mut PgConnection,
    touched: &[Touched],
    actor: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<Uuid> = touched.iter().map(|(id, ..)| *id).collect();
    let current: HashMap<Uuid, _> =
        load_suggestions(conn, &ids).await?.into_iter().map(|s| (s.id, s)).collect();
    let events: Vec<NewEvent> = touched
        .iter()
        .filter_map(|(id, r#type, cause)| {
            let suggestion = current.get(id)?.clone();
            let (version, source) = (suggestion.version, suggestion.data_source.clone());
            let data = SuggestionData { suggestion, cause: Cause::reviewer(actor, cause) };
            Some(NewEvent::new(*r#type, *id, version, Some(&source), now, &data))
        })
        .collect();
    outbox::append(conn, &events).await
}
