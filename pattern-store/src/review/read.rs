use chrono::{DateTime, Utc};
use pattern_core::{
    domain::{
        ApprovedAs, Decision, DecisionAction, PatternKind, PatternRef, Scores, Subject, Suggestion,
        SuggestionBody,
    },
    library::PatternSpec,
};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

use super::asked::{MemberRows, load_asked};
use super::kinds;
use crate::{Result, Store, StoreError, error::stored};

/// A suggestion with its members, which have no sparklines yet.
#[derive(Debug, Clone)]
pub struct DetailRow {
    pub suggestion: Suggestion,
    pub members: MemberRows,
    pub decision: Option<Decision>,
    pub draft: Option<PatternSpec>,
}

/// A decision beside the suggestion it was about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecentDecision {
    pub id: Uuid,
    /// As it is now, which a later decision may have changed.
    pub suggestion: Suggestion,
    pub action: DecisionAction,
    pub decided_by: String,
    pub decided_at: DateTime<Utc>,
    pub reason: String,
    /// The suggestion's version after the decision.
    pub version: i64,
    /// What an approval made then; null for other decisions, and for approvals of before this was kept.
    pub outcome: Option<ApprovedAs>,
}

impl Store {
    pub async fn suggestion(&self, id: Uuid) -> Result<Suggestion> {
        let mut conn = self.pool.acquire().await?;
        load_suggestion(&mut conn, id).await
    }

    pub async fn suggestion_detail(&self, id: Uuid) -> Result<DetailRow> {
        let mut tx = self.pool.begin_with("begin isolation level repeatable read read only").await?;
        let suggestion = load_suggestion(&mut tx, id).await?;
        let asked = load_asked(&mut tx, id).await?;
        let members = kinds::members(&mut tx, suggestion.kind(), &asked).await?;
        let decision = last_decision(&mut tx, id).await?;
        tx.commit().await?;
        Ok(DetailRow { suggestion, members, decision, draft: asked.draft })
    }

    /// The last decisions, newest first, each with its suggestion as it is now. `after`: time and id of the
    /// last one seen.
    pub async fn recent_decisions(
        &self,
        reviewer: Option<&str>,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<RecentDecision>> {
        let mut conn = self.pool.acquire().await?;
        let (after_time, after_id) = after.unzip();
        let rows = sqlx::query!(
            "select id, suggestion_id, action, reviewer, reason, created_at, suggestion_version, outcome_label, outcome_pattern
             from decisions
             where ($1::timestamptz is null or (created_at, id) < ($1, $2::uuid))
               and ($4::text is null or reviewer = $4)
             order by created_at desc, id desc limit $3",
            after_time,
            after_id,
            limit,
            reviewer
        )
        .fetch_all(&mut *conn)
        .await?;
        let ids: Vec<Uuid> = rows.iter().map(|r| r.suggestion_id).collect();
        let suggestions: BTreeMap<Uuid, Suggestion> =
            load_suggestions(&mut conn, &ids).await?.into_iter().map(|s| (s.id, s)).collect();
        let with_suggestion = rows.into_iter().filter_map(|r| Some((suggestions.get(&r.suggestion_id)?, r)));
        let decisions = with_suggestion.map(|(suggestion, r)| {
            Ok(RecentDecision {
                id: r.id,
                suggestion: suggestion.clone(),
                action: stored("decision", r.id, &r.action)?,
                decided_by: r.reviewer,
                decided_at: r.created_at,
                reason: r.reason,
                version: r.suggestion_version + 1,
                outcome: r
                    .outcome_label
                    .zip(r.outcome_pattern)
                    .map(|(label, pattern)| ApprovedAs { label, pattern }),
            })
        });
        decisions.collect()
    }
}

pub(super) async fn last_decision(conn: &mut PgConnection, suggestion: Uuid) -> Result<Option<Decision>> {
    let row = sqlx::query!(
        "select id, action, reviewer, reason, created_at from decisions
         where suggestion_id = $1 order by suggestion_version desc limit 1",
        suggestion
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Ok(Decision {
            action: stored("decision", r.id, &r.action)?,
            decided_by: r.reviewer,
            decided_at: r.created_at,
            reason: r.reason,
        })
    })
    .transpose()
}

pub(crate) async fn load_suggestion(conn: &mut PgConnection, id: Uuid) -> Result<Suggestion> {
    load_suggestions(conn, &[id]).await?.pop().ok_or_else(|| StoreError::NotFound(format!("suggestion {id}")))
}

/// Suggestions by id, in id order, as lists and events show them.
pub(crate) async fn load_suggestions(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Suggestion>> {
    let rows = sqlx::query!(
        r#"select s.id, s.kind, s.subject_kind, s.subject_id, s.subject_label, s.status, s.purpose, s.priority,
                  s.confidence, s.scores, s.reason, s.version, s.content_version, s.created_at, s.expires_at,
                  d.name as data_source, s.pattern_id, p.name as "pattern_name?", p.category as "pattern_category?",
                  s.draft->>'name' as draft_name, s.draft->>'category' as draft_category,
                  s.outcome_label, cp.name as "confirmed?"
           from suggestions s
           join data_sources d on d.id = s.data_source_id
           left join patterns p on p.id = s.pattern_id
           left join patterns cp on cp.id = s.confirmed_pattern_id
           where s.id = any($1) order by s.id"#,
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut of_kind: BTreeMap<PatternKind, Vec<Uuid>> = BTreeMap::new();
    for row in &rows {
        of_kind.entry(stored("suggestion", row.id, &row.kind)?).or_default().push(row.id);
    }
    let mut bodies: HashMap<Uuid, SuggestionBody> = HashMap::new();
    for (kind, ids) in of_kind {
        bodies.extend(kinds::bodies(conn, kind, &ids).await?);
    }
    rows.into_iter()
        .map(|row| {
            let body = bodies.remove(&row.id);
            let name = row.pattern_name.or(row.draft_name);
            let category = row.pattern_category.or(row.draft_category);
            Ok(Suggestion {
                id: row.id,
                subject: Subject {
                    kind: stored("suggestion", row.id, &row.subject_kind)?,
                    id: row.subject_id,
                    label: row.subject_label,
                },
                status: stored("suggestion", row.id, &row.status)?,
                purpose: stored("suggestion", row.id, &row.purpose)?,
                pattern: PatternRef {
                    id: row.pattern_id,
                    name: name.unwrap_or_else(|| "New pattern".into()),
                    category: category.unwrap_or_default(),
                },
                data_source: row.data_source,
                version: row.version,
                content_version: row.content_version,
                priority: row.priority,
                confidence: row.confidence,
                scores: whole(serde_json::from_value(row.scores)?, stored("suggestion", row.id, &row.kind)?),
                reason: row.reason,
                created_at: row.created_at,
                expires_at: row.expires_at,
                outcome: row
                    .outcome_label
                    .zip(row.confirmed)
                    .map(|(label, pattern)| ApprovedAs { label, pattern }),
                body: body.ok_or_else(|| {
                    StoreError::Corrupt(format!("suggestion {} has lost its subject", row.id))
                })?,
            })
        })
        .collect()
}

/// With every part that the kind declares, null where it was not judged.
fn whole(mut scores: Scores, kind: PatternKind) -> Scores {
    for part in kind.scores() {
        scores.0.entry(part.name.to_owned()).or_default();
    }
    scores
}
