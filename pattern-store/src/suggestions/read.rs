use chrono::{DateTime, Utc};
use pattern_core::domain::{
    ClusterRef, Decision, DecisionAction, EquipmentRef, PatternRef, Scores, SuggestedPoint, Suggestion,
};
use pattern_core::library::PatternSpec;
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Result, Store, StoreError, error::stored};

/// A suggestion with its points, which have no sparklines yet.
#[derive(Debug, Clone)]
pub struct DetailRow {
    pub suggestion: Suggestion,
    pub points: Vec<SuggestedPoint>,
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
}

/// How many suggestions there are by status, and how they were answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SuggestionStats {
    pub pending: i64,
    pub deferred: i64,
    pub approved: i64,
    pub rejected: i64,
    pub expired: i64,
    pub approved_today: i64,
    pub rejected_today: i64,
    /// Approved ÷ (approved + rejected); null before the first of them.
    pub approval_rate: Option<f64>,
}

impl Store {
    pub async fn suggestion(&self, id: Uuid) -> Result<Suggestion> {
        let mut conn = self.pool.acquire().await?;
        load_suggestion(&mut conn, id).await
    }

    pub async fn suggestion_detail(&self, id: Uuid) -> Result<DetailRow> {
        let mut tx = self.pool.begin_with("begin isolation level repeatable read read only").await?;
        let suggestion = load_suggestion(&mut tx, id).await?;
        let points = sqlx::query!(
            r#"select p.id, p.name, p.unit, p.description, r.score as "score?", e.name as "equipment?",
                      case when s.status = 'approved' then b.role else r.role end as role
               from suggestions s cross join unnest(s.point_ids) as member(id)
               join points p on p.id = member.id
               left join suggestion_roles r on r.suggestion_id = s.id and r.point_id = p.id
               left join bindings b on b.suggestion_id = s.id and b.point_id = p.id and b.retracted_at is null
               left join equipment e on e.id = b.equipment_id
               where s.id = $1 order by r.score desc nulls last, p.name"#,
            id
        )
        .fetch_all(&mut *tx)
        .await?
        .into_iter()
        .map(|row| SuggestedPoint {
            id: row.id,
            name: row.name,
            unit: row.unit,
            description: row.description,
            role: row.role,
            role_score: row.score,
            equipment: row.equipment,
            spelled_out: None,
            sparkline: Vec::new(),
        })
        .collect();
        let decision = last_decision(&mut tx, id).await?;
        let draft = sqlx::query_scalar!("select draft from suggestions where id = $1", id)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        let draft = draft.map(serde_json::from_value).transpose()?;
        Ok(DetailRow { suggestion, points, decision, draft })
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
            "select id, suggestion_id, action, reviewer, reason, created_at, suggestion_version from decisions
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
            })
        });
        decisions.collect()
    }

    /// How many decisions were made about a data source: grows with every answer.
    pub async fn decision_count(&self, data_source: Uuid) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "n!" from decisions x join suggestions s on s.id = x.suggestion_id
               where s.data_source_id = $1"#,
            data_source
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Confidence of the newest suggestions that were approved or rejected, as it was then, and whether the proposed
    /// pattern was right.
    pub async fn decided_confidences(&self, data_source: Uuid, limit: usize) -> Result<Vec<(f64, bool)>> {
        let rows = sqlx::query!(
            r#"select s.confidence, coalesce(e.pattern_id = s.pattern_id, false) as "right!"
               from suggestions s left join equipment e on e.id = s.equipment_id
               where s.data_source_id = $1 and s.status in ('approved', 'rejected') and s.purpose <> 'new_pattern'
               order by s.updated_at desc, s.id limit $2"#,
            data_source,
            limit as i64
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.confidence, row.right)).collect())
    }

    pub async fn suggestion_stats(&self) -> Result<SuggestionStats> {
        let row = sqlx::query!(
            r#"select count(*) filter (where status = 'pending') as "pending!",
                      count(*) filter (where status = 'deferred') as "deferred!",
                      count(*) filter (where status = 'approved') as "approved!",
                      count(*) filter (where status = 'rejected') as "rejected!",
                      count(*) filter (where status = 'expired') as "expired!",
                      count(*) filter (where status = 'approved'
                                       and updated_at >= date_trunc('day', now(), 'UTC')) as "approved_today!",
                      count(*) filter (where status = 'rejected'
                                       and updated_at >= date_trunc('day', now(), 'UTC')) as "rejected_today!"
               from suggestions"#
        )
        .fetch_one(&self.pool)
        .await?;
        let decided = row.approved + row.rejected;
        Ok(SuggestionStats {
            pending: row.pending,
            deferred: row.deferred,
            approved: row.approved,
            rejected: row.rejected,
            expired: row.expired,
            approved_today: row.approved_today,
            rejected_today: row.rejected_today,
            approval_rate: (decided > 0).then(|| row.approved as f64 / decided as f64),
        })
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
        r#"select s.id, s.status, s.purpose, s.priority, s.confidence, s.scores, s.reason, s.version, s.content_version,
                  s.created_at, s.expires_at, cardinality(s.point_ids) as "point_count!", d.name as data_source,
                  s.pattern_id, p.name as "pattern_name?", p.category as "pattern_category?",
                  s.draft->>'name' as draft_name, s.draft->>'category' as draft_category,
                  c.id as cluster_id, c.kind as cluster_kind, c.label as cluster_label, c.unnamed,
                  e.id as "equipment_id?", e.name as "equipment_name?", ep.name as "equipment_pattern?"
           from suggestions s
           join data_sources d on d.id = s.data_source_id
           join clusters c on c.id = s.cluster_id
           left join patterns p on p.id = s.pattern_id
           left join equipment e on e.id = s.equipment_id
           left join patterns ep on ep.id = e.pattern_id
           where s.id = any($1) order by s.id"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let name = row.pattern_name.or(row.draft_name);
            let category = row.pattern_category.or(row.draft_category);
            Ok(Suggestion {
                id: row.id,
                status: stored("suggestion", row.id, &row.status)?,
                purpose: stored("suggestion", row.id, &row.purpose)?,
                pattern: PatternRef {
                    id: row.pattern_id,
                    name: name.unwrap_or_else(|| "New pattern".into()),
                    category: category.unwrap_or_default(),
                },
                cluster: ClusterRef {
                    id: row.cluster_id,
                    kind: stored("cluster", row.cluster_id, &row.cluster_kind)?,
                    equipment_name: (row.cluster_kind == "equipment" && !row.unnamed)
                        .then(|| row.cluster_label.clone()),
                    label: row.cluster_label,
                    point_count: i64::from(row.point_count),
                },
                data_source: row.data_source,
                version: row.version,
                content_version: row.content_version,
                priority: row.priority,
                confidence: row.confidence,
                scores: serde_json::from_value::<Scores>(row.scores)?,
                reason: row.reason,
                created_at: row.created_at,
                expires_at: row.expires_at,
                equipment: row
                    .equipment_id
                    .zip(row.equipment_name)
                    .zip(row.equipment_pattern)
                    .map(|((id, name), pattern)| EquipmentRef { id, name, pattern }),
            })
        })
        .collect()
}
