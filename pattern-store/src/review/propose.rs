//! What a matching run wants in the queue, against what is there.

use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{
    Content, EventType, PatternKind, Purpose, Scores, SuggestionStatus, Word, stable_id,
};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

use super::answered::answered;
use super::kinds;
use super::new_suggestion::NewSuggestion;
use super::write::{self, Touched, expire, publish};
use crate::{Result, Store, error::stored, jobs::Fence, locks};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ProposeChange {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub expired: usize,
    /// Not asked again: rejected, approved or left unanswered before, with these members.
    pub remembered: usize,
}

/// A smaller move of the confidence or of a score is not worth an event.
const SCORE_STEP: f64 = 0.005;

struct Open {
    id: Uuid,
    status: SuggestionStatus,
    purpose: Purpose,
    confidence: f64,
    scores: Scores,
    reason: String,
    label: String,
    members: Vec<Uuid>,
    content: Content,
    updated_at: DateTime<Utc>,
}

impl Store {
    /// Makes `proposals` the open questions of a kind about a data source: new ones are created, known ones updated,
    /// pending ones that nobody proposes any more expire. What a person answered is not asked again.
    /// `now` is when the run began to look.
    pub async fn propose(
        &self,
        data_source: Uuid,
        kind: PatternKind,
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

        let mut open = open_suggestions(&mut tx, kind, data_source).await?;
        let mut unchanged: Vec<(Uuid, f64)> = Vec::new();
        let (mut updates, mut inserts) = (Vec::new(), Vec::new());
        let earlier = earlier_questions(&mut tx, data_source).await?;
        let answered = answered(&mut tx, kind, data_source).await?;
        let settled = kinds::settled(&mut tx, kind, data_source, answered).await?;
        for proposal in proposals {
            let key = (proposal.subject.id, proposal.pattern.map(|(id, _)| id));
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

/// A question: the subject, and the pattern that it is asked to be.
type Question = (Uuid, Option<Uuid>);

/// The number of earlier questions makes the id: a rerun that was cut off comes to the same one.
fn question_id((subject, pattern): &Question, earlier: i64) -> Uuid {
    let pattern = pattern.map(|id| id.to_string()).unwrap_or_default();
    stable_id(&["suggestion", &subject.to_string(), &pattern, &earlier.to_string()])
}

/// How often each question was asked before.
async fn earlier_questions(conn: &mut PgConnection, data_source: Uuid) -> Result<HashMap<Question, i64>> {
    let rows = sqlx::query!(
        r#"select subject_id, pattern_id, count(*) as "asked!" from suggestions
           where data_source_id = $1 group by subject_id, pattern_id"#,
        data_source
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| ((r.subject_id, r.pattern_id), r.asked)).collect())
}

async fn open_suggestions(
    conn: &mut PgConnection,
    kind: PatternKind,
    data_source: Uuid,
) -> Result<BTreeMap<Question, Open>> {
    let rows = sqlx::query!(
        "select id, subject_id, subject_label, pattern_id, status, purpose, confidence, scores, reason, members, content,
                updated_at
         from suggestions where data_source_id = $1 and kind = $2 and status in ('pending', 'deferred')
         order by id for update",
        data_source,
        kind.as_str()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let open = Open {
                id: r.id,
                status: stored("suggestion", r.id, &r.status)?,
                purpose: stored("suggestion", r.id, &r.purpose)?,
                confidence: r.confidence,
                scores: serde_json::from_value(r.scores)?,
                reason: r.reason,
                label: r.subject_label,
                members: r.members,
                content: serde_json::from_value(r.content)?,
                updated_at: r.updated_at,
            };
            Ok(((r.subject_id, r.pattern_id), open))
        })
        .collect()
}

fn moved(before: Option<f64>, after: Option<f64>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => (before - after).abs() >= SCORE_STEP,
        _ => before.is_some() != after.is_some(),
    }
}

impl Open {
    fn is_same(&self, new: &NewSuggestion) -> bool {
        let names = self.scores.0.keys().chain(new.scores.0.keys());
        let members = |members: &[Uuid]| members.iter().copied().collect::<HashSet<Uuid>>();
        self.purpose == new.purpose
            && self.reason == new.reason
            && self.label == new.subject.label
            && !moved(Some(self.confidence), Some(new.confidence))
            && !names.clone().any(|name| moved(self.scores.part(name), new.scores.part(name)))
            && members(&self.members) == members(&new.members)
            && self.content == new.content
    }
}
