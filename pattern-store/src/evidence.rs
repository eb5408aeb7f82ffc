//! Facts for and against patterns: the only thing that moves a confidence.

use chrono::{DateTime, NaiveDate, Utc};
use pattern_core::domain::stable_id;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, Store};

/// A fact about to be recorded.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub pattern_id: Uuid,
    pub data_source_id: Uuid,
    pub origin: String,
    pub kind: &'static str,
    pub favourable: bool,
    pub subject: String,
    /// The decision it comes from; with the pattern it makes the id.
    pub cause: Uuid,
    pub observed_at: DateTime<Utc>,
}

/// Facts of one pattern, counted: what a confidence is a pure function of.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceCount {
    pub origin: String,
    pub kind: String,
    pub favourable: bool,
    pub day: NaiveDate,
    pub count: i64,
}

/// A fact that no confidence shows yet, for telling what changed and why.
#[derive(Debug, Clone, PartialEq)]
pub struct UnfoldedFact {
    pub id: Uuid,
    pub pattern_id: Uuid,
    pub kind: String,
    pub data_source: Option<String>,
    pub retracted: bool,
    pub reviewer: Option<String>,
    /// Name of the equipment, or label of the cluster, that it is about.
    pub about: Option<String>,
}

pub(crate) async fn record(conn: &mut PgConnection, fact: &Fact) -> Result<()> {
    sqlx::query!(
        "insert into evidence (id, pattern_id, data_source_id, origin, kind, favourable, subject, observed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing",
        stable_id(&["evidence", &fact.cause.to_string(), &fact.pattern_id.to_string()]),
        fact.pattern_id,
        fact.data_source_id,
        fact.origin,
        fact.kind,
        fact.favourable,
        fact.subject,
        fact.observed_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An undo retracts the facts about a subject; it never adds an opposite one.
pub(crate) async fn retract(conn: &mut PgConnection, subject: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update evidence set retracted_at = $2, folded_at = null
         where subject = $1 and retracted_at is null",
        subject,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// All facts in force for a pattern, per origin, kind and UTC day.
    pub async fn evidence_counts(&self, pattern: Uuid) -> Result<Vec<EvidenceCount>> {
        Ok(sqlx::query_as!(
            EvidenceCount,
            r#"select origin, kind, favourable, (observed_at at time zone 'UTC')::date as "day!",
                      count(*) as "count!"
               from evidence where pattern_id = $1 and retracted_at is null
               group by 1, 2, 3, 4 order by 4, 1, 2, 3"#,
            pattern
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Facts, and retractions, that were not folded yet, oldest first.
    pub async fn unfolded_facts(&self) -> Result<Vec<UnfoldedFact>> {
        Ok(sqlx::query_as!(
            UnfoldedFact,
            r#"select e.id, e.pattern_id, e.kind, d.name as "data_source?", e.retracted_at is not null as "retracted!",
                      (select reviewer from decisions x where x.suggestion_id = s.id
                       order by x.created_at desc limit 1) as reviewer,
                      coalesce(q.name, c.label) as about
               from evidence e
               left join data_sources d on d.id = e.data_source_id
               left join suggestions s on s.id::text = e.subject
               left join equipment q on q.id = s.equipment_id
               left join clusters c on c.id = s.cluster_id
               where e.folded_at is null order by e.observed_at, e.id"#
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
