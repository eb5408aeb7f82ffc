//! A decision: a compare-and-set on status and version, in one transaction with everything it causes.

use chrono::{DateTime, TimeDelta, Utc};
use pattern_core::domain::{
    ApproveRequest, AuditAction, DecisionAction, DeferRequest, EventType, RejectRequest, Suggestion,
    SuggestionStatus, UndoRequest, Word, stable_id,
};
use serde_json::json;
use sqlx::PgConnection;
use std::time::{Duration, Instant};
use uuid::Uuid;

use super::asked::load_asked;
use super::deciding::{DecideError, Deciding, Outcome};
use super::kinds;
use super::read::load_suggestion;
use super::undo;
use super::write::{Touched, expire, publish};
use crate::{AuditRecord, Idempotency, Store, StoreError, access::audit, evidence, locks, metrics};

#[derive(Debug, Clone)]
pub enum DecisionRequest {
    Approve(ApproveRequest),
    Reject(RejectRequest),
    Defer(DeferRequest),
    Undo(UndoRequest),
}

impl DecisionRequest {
    pub fn action(&self) -> DecisionAction {
        match self {
            Self::Approve(_) => DecisionAction::Approve,
            Self::Reject(_) => DecisionAction::Reject,
            Self::Defer(_) => DecisionAction::Defer,
            Self::Undo(_) => DecisionAction::Undo,
        }
    }

    fn expected_version(&self) -> Option<i64> {
        match self {
            Self::Approve(r) => r.version,
            Self::Reject(r) => r.version,
            Self::Defer(r) => r.version,
            Self::Undo(r) => r.version,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Approve(r) => r.comment.clone().unwrap_or_default(),
            Self::Reject(r) => r.reason.clone(),
            Self::Defer(r) => r.until.map(|t| format!("until {}", t.to_rfc3339())).unwrap_or_default(),
            Self::Undo(_) => String::new(),
        }
    }

    /// Pending and deferred can go to any decision; what was decided can go back.
    fn is_allowed_from(&self, status: SuggestionStatus) -> bool {
        use SuggestionStatus::{Approved, Deferred, Pending, Rejected};
        match self {
            Self::Undo(_) => matches!(status, Approved | Rejected | Deferred),
            _ => matches!(status, Pending | Deferred),
        }
    }

    /// Whether the reviewer saw something else than what is there. That the engine has scored it anew changes nothing
    /// of what is asked.
    fn is_about_another(&self, current: &Suggestion) -> bool {
        let same = current.content_version..=current.version;
        self.expected_version().is_some_and(|seen| !same.contains(&seen))
    }

    /// Deferring says nothing about the question, nor does taking that back.
    fn teaches(&self, before: SuggestionStatus) -> bool {
        match self {
            Self::Approve(_) | Self::Reject(_) => true,
            Self::Defer(_) => false,
            Self::Undo(_) => before != SuggestionStatus::Deferred,
        }
    }
}

/// A decision as it arrives.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub id: Uuid,
    pub request: &'a DecisionRequest,
    pub reviewer: &'a str,
    pub idempotency: Option<&'a Idempotency>,
    pub now: DateTime<Utc>,
}

impl Store {
    pub async fn decide(
        &self,
        id: Uuid,
        request: &DecisionRequest,
        reviewer: &str,
        idempotency: Option<&Idempotency>,
        now: DateTime<Utc>,
    ) -> Result<Suggestion, DecideError> {
        let asked = Request { id, request, reviewer, idempotency, now };
        Ok(self.decide_one(asked, Duration::ZERO).await?.0)
    }

    /// Answers the suggestion, and the data source that learning was asked for: it starts after `learn_after`.
    #[tracing::instrument(
        name = "decide",
        skip_all,
        fields(otel.kind = "client", db.system.name = "postgresql", naia.action = asked.request.action().as_str())
    )]
    pub(super) async fn decide_one(
        &self,
        asked: Request<'_>,
        learn_after: Duration,
    ) -> Result<(Suggestion, Option<Uuid>), DecideError> {
        let (began, action) = (Instant::now(), asked.request.action().as_str());
        let decided = self.decide_in_turn(asked, learn_after).await;
        let outcome = match &decided {
            Ok(_) => "done",
            Err(DecideError::Store(StoreError::Unavailable(_) | StoreError::Database(_))) => "failed",
            Err(_) => "refused",
        };
        metrics::decided(action, outcome, began.elapsed());
        if decided.is_ok() {
            tracing::info!(action, suggestion = %asked.id, reviewer = asked.reviewer, "a suggestion was decided");
        }
        decided
    }

    async fn decide_in_turn(
        &self,
        asked: Request<'_>,
        learn_after: Duration,
    ) -> Result<(Suggestion, Option<Uuid>), DecideError> {
        let Request { id, request, reviewer, idempotency, now } = asked;
        let _turn = self.turns.take(id).await;
        let mut tx = self.pool.begin().await?;
        if let Some(idempotency) = idempotency
            && let Some(answer) = idempotency.claim(&mut tx, reviewer).await?
        {
            return Ok((answer, None));
        }
        if matches!(request, DecisionRequest::Undo(_)) {
            lock_proposals(&mut tx, id).await?;
        }
        let Locked { data_source_id, updated_at } = lock_question(&mut tx, id).await?;
        // Who waited for the lock asked earlier than the one before decided.
        let now = now.max(updated_at + TimeDelta::microseconds(1));
        let before = load_suggestion(&mut tx, id).await?;
        if request.is_about_another(&before) || !request.is_allowed_from(before.status) {
            return Err(conflict(&mut tx, &before).await?);
        }

        let decision_id =
            stable_id(&["decision", &id.to_string(), &before.version.to_string(), request.action().as_str()]);
        let asked = load_asked(&mut tx, id).await?;
        let deciding =
            Deciding { suggestion: &before, asked: &asked, data_source_id, decision_id, reviewer, now };
        record(&mut tx, &deciding, request).await?;
        audit::record(&mut tx, &audited(&deciding, request)).await?;
        let touched = carry_out(&mut tx, &deciding, request).await?;
        publish(&mut tx, &touched, reviewer, now).await?;
        let teaches = request.teaches(before.status);
        if teaches {
            Store::enqueue_learning(&mut tx, Some(data_source_id), reviewer, learn_after).await?;
        }
        let after = load_suggestion(&mut tx, id).await?;
        if let Some(idempotency) = idempotency {
            idempotency.keep(&mut tx, reviewer, &after).await?;
        }
        tx.commit().await?;
        Ok((after, teaches.then_some(data_source_id)))
    }
}

/// Does what was decided. Answers what there is to tell of it, the decision first.
async fn carry_out(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &DecisionRequest,
) -> Result<Vec<Touched>, DecideError> {
    let (before, id, now) = (deciding.suggestion, deciding.suggestion.id, deciding.now);
    let mut touched = Vec::new();
    let cause = match request {
        DecisionRequest::Approve(approve) => {
            if approve.pattern_id.is_some() && approve.pattern_name.is_some() {
                let what = "pattern_id and pattern_name say two things; give the one that is meant";
                return Err(StoreError::Invalid(what.into()).into());
            }
            let outcome = kinds::approve(conn, deciding, approve).await?;
            evidence::record(conn, &deciding.fact(outcome.pattern_id, "approval")).await?;
            if let Some(proposed) = before.pattern.id.filter(|proposed| *proposed != outcome.pattern_id) {
                evidence::record(conn, &deciding.fact(proposed, "correction")).await?;
            }
            set_status(conn, id, SuggestionStatus::Approved, Some(&outcome), None, now).await?;
            sqlx::query!(
                "update decisions set outcome_label = $2, outcome_pattern = (select name from patterns where id = $3)
                 where id = $1",
                deciding.decision_id,
                outcome.label,
                outcome.pattern_id
            )
            .execute(&mut *conn)
            .await?;
            let rivals = rivals(conn, id).await?;
            expire(conn, &rivals, now).await?;
            let why = format!("{} was approved for the same {}", outcome.label, before.subject.kind.as_str());
            touched.extend(rivals.into_iter().map(|r| (r, EventType::SuggestionExpired, why.clone())));
            outcome.cause
        }
        DecisionRequest::Reject(reject) => {
            if let Some(pattern) = before.pattern.id {
                evidence::record(conn, &deciding.fact(pattern, "rejection")).await?;
            }
            set_status(conn, id, SuggestionStatus::Rejected, None, None, now).await?;
            if reject.reason.is_empty() { "rejected".into() } else { format!("rejected: {}", reject.reason) }
        }
        DecisionRequest::Defer(defer) => {
            if let Some(until) = defer.until.filter(|until| *until <= now) {
                let what = format!("until: {} is over; give a time that is to come", until.to_rfc3339());
                return Err(StoreError::Invalid(what).into());
            }
            set_status(conn, id, SuggestionStatus::Deferred, None, defer.until, now).await?;
            "deferred".into()
        }
        DecisionRequest::Undo(_) => {
            touched.extend(undo::retract(conn, deciding).await?);
            set_status(conn, id, SuggestionStatus::Pending, None, None, now).await?;
            format!("decision undone ({} before)", before.status.as_str())
        }
    };
    let event = match request.action() {
        DecisionAction::Approve => EventType::SuggestionApproved,
        DecisionAction::Reject => EventType::SuggestionRejected,
        DecisionAction::Defer => EventType::SuggestionDeferred,
        DecisionAction::Undo => EventType::SuggestionReopened,
    };
    touched.insert(0, (id, event, cause));
    Ok(touched)
}

impl Store {
    /// Forgets the answers that were kept for repeated requests. Returns how many.
    pub async fn prune_idempotency_keys(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let deleted = sqlx::query!("delete from idempotency_keys where created_at < $1", before)
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected())
    }
}

impl Deciding<'_> {
    pub fn fact(&self, pattern_id: Uuid, kind: &'static str) -> evidence::Fact {
        evidence::Fact {
            pattern_id,
            data_source_id: self.data_source_id,
            origin: self.suggestion.data_source.clone(),
            kind,
            favourable: kind == "approval",
            subject: self.suggestion.id.to_string(),
            cause: self.decision_id,
            observed_at: self.now,
        }
    }
}

/// Keeps matching from asking the question anew while it is reopened: it would be open twice.
async fn lock_proposals(conn: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    let source = sqlx::query_scalar!("select data_source_id from suggestions where id = $1", id)
        .fetch_optional(&mut *conn)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("suggestion {id}")))?;
    locks::data_source(conn, source).await
}

/// What is known of a suggestion once it is locked.
struct Locked {
    data_source_id: Uuid,
    updated_at: DateTime<Utc>,
}

/// Locks the suggestion and its open rivals in id order.
async fn lock_question(conn: &mut PgConnection, id: Uuid) -> Result<Locked, StoreError> {
    let rows = sqlx::query!(
        "select id, data_source_id, updated_at from suggestions
         where id = $1 or (subject_id = (select subject_id from suggestions where id = $1)
                           and status in ('pending', 'deferred'))
         order by id for update",
        id
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .find(|row| row.id == id)
        .map(|row| Locked { data_source_id: row.data_source_id, updated_at: row.updated_at })
        .ok_or_else(|| StoreError::NotFound(format!("suggestion {id}")))
}

/// Open suggestions about the same subject: two answers to one question cannot both be right.
async fn rivals(conn: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select r.id from suggestions r join suggestions s on s.subject_id = r.subject_id
         where s.id = $1 and r.id <> s.id and r.status in ('pending', 'deferred') order by r.id",
        id
    )
    .fetch_all(conn)
    .await?)
}

/// Who changed it last. A decision leaves its own time on every suggestion of the subject that it
/// changes, so a rival is known to have expired by it; the engine's changes bear no decision's time.
async fn conflict(conn: &mut PgConnection, current: &Suggestion) -> Result<DecideError, StoreError> {
    let last = sqlx::query!(
        "select s.updated_at, (select x.reviewer from decisions x join suggestions q on q.id = x.suggestion_id
                               where q.subject_id = s.subject_id and x.created_at = s.updated_at
                               order by q.id = s.id desc limit 1) as reviewer
         from suggestions s where s.id = $1",
        current.id
    )
    .fetch_one(conn)
    .await?;
    Ok(DecideError::Conflict {
        status: current.status,
        version: current.version,
        decided_by: last.reviewer.unwrap_or_else(|| "engine".into()),
        decided_at: last.updated_at,
    })
}

async fn record(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &DecisionRequest,
) -> Result<(), StoreError> {
    let (pattern_id, answer) = match request {
        DecisionRequest::Approve(r) => (r.pattern_id, Some(serde_json::to_value(r)?)),
        _ => (None, None),
    };
    sqlx::query!(
        "insert into decisions (id, suggestion_id, action, reviewer, reason, pattern_id, answer, suggestion_version,
                                created_at)
         values ($1, $2, $3, $4, $5, (select id from patterns where id = $6), $7, $8, $9)",
        deciding.decision_id,
        deciding.suggestion.id,
        request.action().as_str(),
        deciding.reviewer,
        request.words(),
        pattern_id,
        answer,
        deciding.suggestion.version,
        deciding.now
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn audited(deciding: &Deciding<'_>, request: &DecisionRequest) -> AuditRecord {
    let action = match request.action() {
        DecisionAction::Approve => AuditAction::SuggestionApproved,
        DecisionAction::Reject => AuditAction::SuggestionRejected,
        DecisionAction::Defer => AuditAction::SuggestionDeferred,
        DecisionAction::Undo => AuditAction::SuggestionReopened,
    };
    let suggestion = deciding.suggestion;
    AuditRecord {
        detail: json!({ "decision": deciding.decision_id, "about": suggestion.subject.label }),
        ..AuditRecord::new(deciding.reviewer, action, suggestion.id.to_string())
    }
}

async fn set_status(
    conn: &mut PgConnection,
    id: Uuid,
    status: SuggestionStatus,
    outcome: Option<&Outcome>,
    deferred_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update suggestions set status = $2, outcome_id = $3, outcome_label = $6, confirmed_pattern_id = $7,
                deferred_until = $4::timestamptz, version = version + 1, content_version = version + 1, updated_at = $5::timestamptz,
                expires_at = case $2
                    when 'pending' then $5::timestamptz + answer_within
                    when 'deferred' then greatest(expires_at, coalesce($4, $5::timestamptz) + answer_within)
                    else expires_at end
         where id = $1",
        id,
        status.as_str(),
        outcome.map(|outcome| outcome.id),
        deferred_until,
        now,
        outcome.map(|outcome| outcome.label.as_str()),
        outcome.map(|outcome| outcome.pattern_id)
    )
    .execute(conn)
    .await?;
    Ok(())
}
