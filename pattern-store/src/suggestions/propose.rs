//! What a matching run wants in the queue, against what is there.

use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{EventType, Purpose, Scores, SuggestionStatus, Word, stable_id};
use pattern_core::library::PatternSpec;
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

use super::settled::settled_questions;
use super::write::{self, Touched, expire, publish};
use crate::{Result, Store, error::stored, jobs::Fence, locks};

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
    /// The pattern that an approval would make.
    pub draft: Option<PatternSpec>,
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
    roles: HashMap<Uuid, String>,
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
        let mut touched: Vec<Touched> = Vec::new();

        let mut open = open_suggestions(&mut tx, data_source).await?;
        let mut unchanged: Vec<(Uuid, f64)> = Vec::new();
        let (mut updates, mut inserts) = (Vec::new(), Vec::new());
        let earlier = earlier_questions(&mut tx, data_source).await?;
        let settled = settled_questions(&mut tx, data_source).await?;
        for proposal in proposals {
            let key = (proposal.cluster_id, proposal.pattern.map(|(id, _)| id));
            match open.remove(&key) {
                Some(old) if old.is_same(proposal) => {
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
                    updates.push((old.id, proposal));
                    touched.push((old.id, EventType::SuggestionChanged, cause));
                }
                None if settled.answer(proposal).is_some() => change.remembered += 1,
                None => {
                    change.created += 1;
                    let id = question_id(&key, earlier.get(&key).copied().unwrap_or_default());
                    inserts.push((id, proposal));
                    touched.push((id, EventType::SuggestionCreated, proposal.reason.clone()));
                }
            }
        }

        write::update_all(&mut tx, &updates, now).await?;
        write::insert_all(&mut tx, data_source, &inserts, answer_within, now).await?;
        write::prioritise(&mut tx, unchanged).await?;
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
        let touched: Vec<Touched> =
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

/// A question: the cluster, and the pattern that it is asked to be.
type Question = (Uuid, Option<Uuid>);

/// The number of earlier questions makes the id: a rerun that was cut off comes to the same one.
fn question_id((cluster, pattern): &Question, earlier: i64) -> Uuid {
    let pattern = pattern.map(|id| id.to_string()).unwrap_or_default();
    stable_id(&["suggestion", &cluster.to_string(), &pattern, &earlier.to_string()])
}

/// How often each question was asked before.
async fn earlier_questions(conn: &mut PgConnection, data_source: Uuid) -> Result<HashMap<Question, i64>> {
    let rows = sqlx::query!(
        r#"select cluster_id, pattern_id, count(*) as "asked!" from suggestions
           where data_source_id = $1 group by cluster_id, pattern_id"#,
        data_source
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| ((r.cluster_id, r.pattern_id), r.asked)).collect())
}

async fn open_suggestions(conn: &mut PgConnection, data_source: Uuid) -> Result<BTreeMap<Question, Open>> {
    let rows = sqlx::query!(
        "select id, cluster_id, pattern_id, status, purpose, confidence, scores, reason, point_ids, updated_at
         from suggestions where data_source_id = $1 and status in ('pending', 'deferred') order by id for update",
        data_source
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut roles = roles_of(conn, &rows.iter().map(|r| r.id).collect::<Vec<_>>()).await?;
    rows.into_iter()
        .map(|r| {
            let open = Open {
                id: r.id,
                status: stored("suggestion", r.id, &r.status)?,
                purpose: r.purpose,
                confidence: r.confidence,
                scores: serde_json::from_value(r.scores)?,
                reason: r.reason,
                point_ids: r.point_ids,
                roles: roles.remove(&r.id).unwrap_or_default(),
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

async fn roles_of(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, HashMap<Uuid, String>>> {
    let rows = sqlx::query!(
        "select suggestion_id, point_id, role from suggestion_roles where suggestion_id = any($1)",
        ids
    )
    .fetch_all(conn)
    .await?;
    let mut roles: HashMap<Uuid, HashMap<Uuid, String>> = HashMap::new();
    for row in rows {
        roles.entry(row.suggestion_id).or_default().insert(row.point_id, row.role);
    }
    Ok(roles)
}

impl Open {
    fn is_same(&self, new: &NewSuggestion) -> bool {
        let points: HashSet<&Uuid> = self.point_ids.iter().collect();
        let roles: HashMap<Uuid, String> = new.roles.iter().map(|r| (r.point_id, r.role.clone())).collect();
        let mut scores = self.scores.parts().into_iter().zip(new.scores.parts());
        self.purpose == new.purpose.as_str()
            && self.reason == new.reason
            && !moved(Some(self.confidence), Some(new.confidence))
            && !scores.any(|(before, after)| moved(before, after))
            && points == new.point_ids.iter().collect()
            && self.roles == roles
    }
}
