//! Facts for and against patterns: the only thing that moves a confidence.

use chrono::{DateTime, Utc};
use pattern_core::{
    domain::{Cause, EventType, stable_id},
    learning::{Confidence, EvidenceDay, confidence},
};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Result, Store,
    jobs::Fence,
    patterns::{Announcement, announce},
};

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

/// What a run of learning came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Folded {
    pub facts: usize,
    pub patterns_changed: usize,
}

/// What the facts in force make of a pattern's confidence.
pub(crate) struct Judged {
    pub confidence_before: f64,
    support_before: f64,
    after: Confidence,
}

/// A fact, or its retraction, that no confidence showed yet.
struct News {
    kind: String,
    retracted: bool,
    data_source: Option<String>,
    reviewer: Option<String>,
    /// What it is about, for people.
    about: Option<String>,
}

/// Ageing alone moves a confidence by less than this a day; smaller moves are not worth a version.
const AGEING_STEP: f64 = 0.001;
/// Below this, two results of the same sum are equal.
const ROUNDING: f64 = 1e-9;

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
    /// Folds the evidence into the confidences of all patterns in force, and tells what changed and why.
    pub async fn fold_evidence(&self, fence: Fence, now: DateTime<Utc>) -> Result<Folded> {
        let patterns = sqlx::query_scalar!(
            "select id from patterns p where status = 'active'
             and exists (select from evidence e where e.pattern_id = p.id) order by id"
        )
        .fetch_all(&self.pool)
        .await?;
        let mut folded = Folded::default();
        for pattern in patterns {
            // One at a time, so that decisions wait for one pattern and not for the whole library.
            let mut tx = self.pool.begin().await?;
            fence.confirm(&mut tx).await?;
            let (facts, changed) = fold(&mut tx, pattern, now).await?;
            tx.commit().await?;
            folded.facts += facts;
            folded.patterns_changed += usize::from(changed);
        }
        Ok(folded)
    }
}

/// Everything is read behind the pattern's lock: of two folds at once the later one counts what the
/// earlier one counted, and more.
async fn fold(conn: &mut PgConnection, pattern: Uuid, now: DateTime<Utc>) -> Result<(usize, bool)> {
    sqlx::query!("select id from patterns where id = $1 for no key update", pattern)
        .fetch_one(&mut *conn)
        .await?;
    let news = take_news(conn, pattern, now).await?;
    let judged = judge(conn, pattern, now).await?;
    let moved = (judged.confidence_before - judged.after.lower_bound).abs();
    let same = moved < ROUNDING && (judged.support_before - judged.after.support).abs() < ROUNDING;
    if same || news.is_empty() && moved < AGEING_STEP {
        return Ok((news.len(), false));
    }
    write(conn, pattern, &judged, now).await?;
    let announcement = Announcement {
        cause: explain(&news, &judged),
        data_source: news.last().and_then(|fact| fact.data_source.clone()),
        previous_confidence: Some(judged.confidence_before),
    };
    announce(conn, pattern, EventType::PatternUpdated, announcement, now).await?;
    Ok((news.len(), true))
}

/// Marks what is about to be folded and answers it, oldest first. In one statement: a fact that is
/// retracted after it is news again.
async fn take_news(conn: &mut PgConnection, pattern: Uuid, now: DateTime<Utc>) -> Result<Vec<News>> {
    Ok(sqlx::query_as!(
        News,
        r#"with news as (
               update evidence set folded_at = $2 where pattern_id = $1 and folded_at is null
               returning id, kind, retracted_at, observed_at, subject, data_source_id)
           select e.kind as "kind!", e.retracted_at is not null as "retracted!", d.name as "data_source?",
                  (select reviewer from decisions x where x.suggestion_id = s.id
                   order by x.suggestion_version desc limit 1) as reviewer,
                  coalesce(s.outcome_label, s.subject_label) as about
           from news e
           left join data_sources d on d.id = e.data_source_id
           left join suggestions s on s.id::text = e.subject
           order by e.observed_at, e.id"#,
        pattern,
        now
    )
    .fetch_all(conn)
    .await?)
}

/// The pattern's row has to be locked, or others judge at the same time.
pub(crate) async fn judge(conn: &mut PgConnection, pattern: Uuid, now: DateTime<Utc>) -> Result<Judged> {
    let kept = sqlx::query!(
        r#"select confidence, support, (body->>'confidence')::double precision as "prior!"
           from patterns where id = $1"#,
        pattern
    )
    .fetch_one(&mut *conn)
    .await?;
    let facts = sqlx::query!(
        r#"select origin, kind, favourable, (observed_at at time zone 'UTC')::date as "day!",
                  count(*) as "count!"
           from evidence where pattern_id = $1 and retracted_at is null group by 1, 2, 3, 4"#,
        pattern
    )
    .fetch_all(conn)
    .await?;
    let days: Vec<EvidenceDay> = facts
        .into_iter()
        .map(|f| EvidenceDay {
            origin: f.origin,
            kind: f.kind,
            favourable: f.favourable,
            day: f.day,
            count: f.count as u64,
        })
        .collect();
    Ok(Judged {
        confidence_before: kept.confidence,
        support_before: kept.support,
        after: confidence(kept.prior, &days, now.date_naive()),
    })
}

/// Gives the pattern its confidence and a new version.
pub(crate) async fn write(
    conn: &mut PgConnection,
    pattern: Uuid,
    judged: &Judged,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update patterns set confidence = $2, support = $3, version = version + 1, updated_at = $4
         where id = $1",
        pattern,
        judged.after.lower_bound,
        judged.after.support,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn explain(news: &[News], judged: &Judged) -> Cause {
    let moved = format!("confidence {:.2} → {:.2}", judged.confidence_before, judged.after.lower_bound);
    let Some(last) = news.last() else {
        return Cause::engine(format!("older evidence weighs less: {moved}"));
    };
    let what = if last.retracted { format!("{} taken back", last.kind) } else { last.kind.clone() };
    let about = last.about.as_deref().map(|about| format!(" of {about}")).unwrap_or_default();
    let more = match news.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let actor = last.reviewer.clone().unwrap_or_else(|| "engine".into());
    Cause::reviewer(actor, format!("{what}{about}{more}: {moved}"))
}
