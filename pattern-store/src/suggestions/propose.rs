//! What a matching run wants in the queue, against what is there.

use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{
    Cause, EventType, NewEvent, Purpose, Scores, SuggestionData, SuggestionStatus, stable_id,
};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

use super::read::load_suggestions;
use super::settled::settled_questions;
use crate::{Result, Store, jobs::Fence, locks, outbox};

/// A proposal of a matching run.
#[derive(Debug, Clone)]
pub struct NewSuggestion {
    pub cluster_id: Uuid,
    /// `None` only with purpose `new_pattern`, which then has a `draft`.
    pub pattern: Option<(Uuid, i64)>,
    pub purpose: Purpose,
    /// How much the answer would teach.
    pub priority: f64,
    pub confidence: f64,
    pub scores: Scores,
    pub reason: String,
    pub point_ids: Vec<Uuid>,
    pub roles: Vec<SuggestedRoleRow>,
    pub draft: Option<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SuggestedRoleRow {
    pub point_id: Uuid,
    pub role: String,
    pub score: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ProposeChange {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub expired: usize,
    /// Not asked again: rejected, approved or left unanswered before, with these points.
    pub remembered: usize,
}

/// A smaller move of the confidence or of a score is not worth an event.
const SCORE_STEP: f64 = 0.005;

struct Open {
    id: Uuid,
    status: SuggestionStatus,
    purpose: String,
    confidence: f64,
    scores: Scores,
    reason: String,
    point_ids: Vec<Uuid>,
    updated_at: DateTime<Utc>,
}

impl Store {
    /// Makes `proposals` the open questions of a data source: new ones are created, known ones updated,
    /// pending ones that nobody proposes any more expire. What a person answered is not asked again.
    /// `now` is when the run began to look.
    pub async fn propose(
        &self,
        data_source: Uuid,
        proposals: &[NewSuggestion],
        answer_within: Duration,
        fence: Fence,
        now: DateTime<Utc>,
    ) -> Result<ProposeChange> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        locks::data_source(&mut tx, data_source).await?;
        let mut change = ProposeChange::default();
        let mut touched: Vec<(Uuid, EventType, String)> = Vec::new();

        let mut open = open_suggestions(&mut tx, data_source).await?;
        let mut unchanged: Vec<(Uuid, f64)> = Vec::new();
        let settled = settled_questions(&mut tx, data_source).await?;
        for proposal in proposals {
            let key = (proposal.cluster_id, proposal.pattern.map(|(id, _)| id));
            match open.remove(&key) {
                Some(old) if is_same(&mut tx, &old, proposal).await? => {
                    change.unchanged += 1;
                    unchanged.push((old.id, proposal.priority));
                }
                Some(old) => {
                    change.changed += 1;
                    let cause = if moved(Some(old.confidence), Some(proposal.confidence)) {
                        format!("confidence {:.2} → {:.2}", old.confidence, proposal.confidence)
                    } else {
                        "scored anew".to_owned()
                    };
                    update(&mut tx, old.id, proposal, now).await?;
                    touched.push((old.id, EventType::SuggestionChanged, cause));
                }
                None if settled.answer(proposal).is_some() => change.remembered += 1,
                None => {
                    change.created += 1;
                    let id = insert(&mut tx, data_source, proposal, answer_within, now).await?;
                    touched.push((id, EventType::SuggestionCreated, proposal.reason.clone()));
                }
            }
        }

        prioritise(&mut tx, unchanged).await?;
        // One that was reopened since is not missing: the run did not see it.
        let seen = |o: &&Open| o.status == SuggestionStatus::Pending && o.updated_at <= now;
        let gone: Vec<Uuid> = open.values().filter(seen).map(|o| o.id).collect();
        change.expired = gone.len();
        expire(&mut tx, &gone, now).await?;
        touched.extend(
            gone.into_iter().map(|id| (id, EventType::SuggestionExpired, "no longer proposed".to_owned())),
        );
        publish(&mut tx, &touched, "engine", now).await?;
        tx.commit().await?;
        Ok(change)
    }

    /// Brings deferred suggestions back whose time has come. Returns how many.
    pub async fn reopen_due_deferrals(&self, now: DateTime<Utc>) -> Result<usize> {
        let mut tx = self.pool.begin().await?;
        let ids = sqlx::query_scalar!(
            "select id from suggestions where status = 'deferred' and deferred_until <= $1
             order by id for update",
            now
        )
        .fetch_all(&mut *tx)
        .await?;
        sqlx::query!(
            "update suggestions set status = 'pending', deferred_until = null, version = version + 1,
                    updated_at = $2 where id = any($1)",
            &ids,
            now
        )
        .execute(&mut *tx)
        .await?;
        let why = "the time it was deferred to has come";
        let touched: Vec<_> =
            ids.iter().map(|id| (*id, EventType::SuggestionReopened, why.to_owned())).collect();
        publish(&mut tx, &touched, "engine", now).await?;
        tx.commit().await?;
        Ok(ids.len())
    }

    /// Expires open suggestions whose time is over. Returns how many.
    pub async fn expire_unanswered(&self, now: DateTime<Utc>) -> Result<usize> {
        let mut tx = self.pool.begin().await?;
        let ids = sqlx::query_scalar!(
            "select id from suggestions where status in ('pending', 'deferred') and expires_at <= $1
             order by id for update",
            now
        )
        .fetch_all(&mut *tx)
        .await?;
        expire(&mut tx, &ids, now).await?;
        let touched: Vec<_> = ids
            .iter()
            .map(|id| (*id, EventType::SuggestionExpired, "nobody answered in time".to_owned()))
            .collect();
        publish(&mut tx, &touched, "engine", now).await?;
        tx.commit().await?;
        Ok(ids.len())
    }
}

type OpenByQuestion = BTreeMap<(Uuid, Option<Uuid>), Open>;

async fn open_suggestions(conn: &mut PgConnection, data_source: Uuid) -> Result<OpenByQuestion> {
    let rows = sqlx::query!(
        "select id, cluster_id, pattern_id, status, purpose, confidence, scores, reason, point_ids, updated_at
         from suggestions where data_source_id = $1 and status in ('pending', 'deferred') order by id for update",
        data_source
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let status = match r.status.as_str() {
                "deferred" => SuggestionStatus::Deferred,
                _ => SuggestionStatus::Pending,
            };
            let open = Open {
                id: r.id,
                status,
                purpose: r.purpose,
                confidence: r.confidence,
                scores: serde_json::from_value(r.scores)?,
                reason: r.reason,
                point_ids: r.point_ids,
                updated_at: r.updated_at,
            };
            Ok(((r.cluster_id, r.pattern_id), open))
        })
        .collect()
}

fn moved(before: Option<f64>, after: Option<f64>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => (before - after).abs() >= SCORE_STEP,
        _ => before.is_some() != after.is_some(),
    }
}

async fn is_same(conn: &mut PgConnection, old: &Open, new: &NewSuggestion) -> Result<bool> {
    let old_points: HashSet<&Uuid> = old.point_ids.iter().collect();
    let mut scores = old.scores.parts().into_iter().zip(new.scores.parts());
    if old.purpose != new.purpose.as_str()
        || moved(Some(old.confidence), Some(new.confidence))
        || scores.any(|(before, after)| moved(before, after))
        || old_points != new.point_ids.iter().collect()
    {
        return Ok(false);
    }
    let old_roles: HashMap<Uuid, String> =
        sqlx::query!("select point_id, role from suggestion_roles where suggestion_id = $1", old.id)
            .fetch_all(conn)
            .await?
            .into_iter()
            .map(|r| (r.point_id, r.role))
            .collect();
    let new_roles: HashMap<Uuid, String> = new.roles.iter().map(|r| (r.point_id, r.role.clone())).collect();
    Ok(old_roles == new_roles && old.reason == new.reason)
}

async fn insert(
    conn: &mut PgConnection,
    data_source: Uuid,
    new: &NewSuggestion,
    answer_within: Duration,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let (pattern_id, pattern_version) = new.pattern.unzip();
    // The number of earlier questions makes the id: a rerun that was cut off comes to the same one.
    let earlier = sqlx::query_scalar!(
        r#"select count(*) as "n!" from suggestions where cluster_id = $1 and pattern_id is not distinct from $2"#,
        new.cluster_id,
        pattern_id
    )
    .fetch_one(&mut *conn)
    .await?;
    let pattern_text = pattern_id.map(|id| id.to_string()).unwrap_or_default();
    let id = stable_id(&["suggestion", &new.cluster_id.to_string(), &pattern_text, &earlier.to_string()]);
    sqlx::query!(
        "insert into suggestions (id, data_source_id, cluster_id, pattern_id, pattern_version, purpose,
                                  confidence, scores, reason, point_ids, answer_within, draft, created_at, updated_at,
                                  expires_at, priority)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13,
                 $13::timestamptz + $11::interval, $14)",
        id,
        data_source,
        new.cluster_id,
        pattern_id,
        pattern_version,
        new.purpose.as_str(),
        new.confidence,
        serde_json::to_value(new.scores)?,
        new.reason,
        &new.point_ids,
        answer_within as _,
        new.draft,
        now,
        new.priority
    )
    .execute(&mut *conn)
    .await?;
    write_roles(conn, id, &new.roles).await?;
    Ok(id)
}

async fn update(conn: &mut PgConnection, id: Uuid, new: &NewSuggestion, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update suggestions set purpose = $2, confidence = $3, scores = $4, reason = $5, point_ids = $6,
                pattern_version = $7, draft = $8, version = version + 1, updated_at = $9, priority = $10
         where id = $1",
        id,
        new.purpose.as_str(),
        new.confidence,
        serde_json::to_value(new.scores)?,
        new.reason,
        &new.point_ids,
        new.pattern.map(|(_, version)| version),
        new.draft,
        now,
        new.priority
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from suggestion_roles where suggestion_id = $1", id).execute(&mut *conn).await?;
    write_roles(conn, id, &new.roles).await
}

/// Every answer changes what the others would teach; that is no news about a suggestion.
async fn prioritise(conn: &mut PgConnection, priorities: Vec<(Uuid, f64)>) -> Result<()> {
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

async fn write_roles(conn: &mut PgConnection, id: Uuid, roles: &[SuggestedRoleRow]) -> Result<()> {
    sqlx::query!(
        "insert into suggestion_roles (suggestion_id, point_id, role, score)
         select $1, p, r, s from unnest($2::uuid[], $3::text[], $4::double precision[]) as t(p, r, s)",
        id,
        &roles.iter().map(|r| r.point_id).collect::<Vec<_>>(),
        &roles.iter().map(|r| r.role.clone()).collect::<Vec<_>>(),
        &roles.iter().map(|r| r.score).collect::<Vec<_>>(),
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
    touched: &[(Uuid, EventType, String)],
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
