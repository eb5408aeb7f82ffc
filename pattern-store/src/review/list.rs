//! The lists of suggestions: filtered, searched, sorted and counted where they are.

use pattern_core::domain::{PatternKind, Position, Purpose, Suggestion, SuggestionStatus, Word};
use serde::{Deserialize, Serialize};
use sqlx::{Executor, PgConnection, Postgres, Transaction};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::read::load_suggestions;
use crate::{Result, Store, error::stored, points::contains_pattern};

/// What suggestions are listed by; equal ones by id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuggestionSort {
    /// What teaches most first: the order in which the engine asks.
    #[default]
    Priority,
    /// The surest first.
    Confidence,
    Newest,
    /// By what they are about.
    Name,
}

impl SuggestionSort {
    fn as_str(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Confidence => "confidence",
            Self::Newest => "newest",
            Self::Name => "name",
        }
    }

    /// By what the suggestion has its place.
    pub fn key(self, suggestion: &Suggestion) -> SortKey {
        match self {
            Self::Priority => SortKey::Number(suggestion.priority),
            Self::Confidence => SortKey::Number(suggestion.confidence),
            Self::Newest => SortKey::Number(suggestion.created_at.timestamp_micros() as f64),
            Self::Name => SortKey::Text(suggestion.subject.label.clone()),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    Number(f64),
    Text(String),
}

impl SortKey {
    fn split(self) -> (Option<f64>, Option<String>) {
        match self {
            Self::Number(number) => (Some(number), None),
            Self::Text(text) => (None, Some(text)),
        }
    }
}

/// Which suggestions to list, and in which order.
#[derive(Debug, Clone, Default)]
pub struct SuggestionFilter {
    pub kind: Option<PatternKind>,
    pub status: Option<SuggestionStatus>,
    pub data_source: Option<String>,
    pub pattern_id: Option<Uuid>,
    pub purpose: Option<Purpose>,
    pub min_confidence: Option<f64>,
    /// Words that must all occur in the names of its members, its subject, what it was approved as, its pattern, category or data source.
    pub search: Option<String>,
    pub sort: SuggestionSort,
    /// Key and id of the last one seen.
    pub after: Option<(SortKey, Uuid)>,
    /// Without `after`: the page that has this one in its middle.
    pub around: Option<Uuid>,
    /// Without either: how many to pass over.
    pub offset: i64,
    pub limit: i64,
}

/// One page, with the place in the stream of events it is true for.
#[derive(Debug, Clone)]
pub struct SuggestionPage {
    pub items: Vec<Suggestion>,
    pub has_more: bool,
    pub total: i64,
    /// How many come before the page, where it was not asked for by what it follows.
    pub offset: i64,
    pub position: Position,
}

/// How many suggestions of one status and purpose are open.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpenCount {
    /// `pending` or `deferred`.
    pub status: SuggestionStatus,
    pub purpose: Purpose,
    pub count: i64,
}

/// Each word of the search as a pattern; none where nothing is searched.
fn patterns(search: Option<&str>) -> Option<Vec<String>> {
    let words: Vec<String> = search?.split_whitespace().map(contains_pattern).collect();
    (!words.is_empty()).then_some(words)
}

/// Reads in one snapshot, with plans for the values that are asked with: most filters are null, and a plan for any
/// value would join and search for nothing.
async fn reading(store: &Store) -> Result<Transaction<'static, Postgres>> {
    let mut tx = store.pool.begin_with("begin isolation level repeatable read read only").await?;
    tx.execute("set local plan_cache_mode = force_custom_plan").await?;
    Ok(tx)
}

impl Store {
    /// Reads the rows and the position in one snapshot: everything up to the position is in it.
    pub async fn list_suggestions(&self, filter: &SuggestionFilter) -> Result<SuggestionPage> {
        let mut tx = reading(self).await?;
        let position = crate::outbox::stream_top(&mut tx).await?.position;
        let (total, before) = count(&mut tx, filter).await?;
        let offset = match (&filter.after, filter.around) {
            (Some(_), _) => 0,
            (None, Some(_)) => (before - filter.limit / 2).min(total - filter.limit).max(0),
            (None, None) => filter.offset,
        };
        let ids = page(&mut tx, filter, offset).await?;
        let has_more = ids.len() as i64 > filter.limit;
        let wanted = &ids[..ids.len().min(filter.limit as usize)];
        let mut by_id: BTreeMap<Uuid, Suggestion> =
            load_suggestions(&mut tx, wanted).await?.into_iter().map(|s| (s.id, s)).collect();
        let items = wanted.iter().filter_map(|id| by_id.remove(id)).collect();
        tx.commit().await?;
        Ok(SuggestionPage { items, has_more, total, offset, position })
    }

    /// How many suggestions are open, by status and purpose.
    pub async fn count_open_suggestions(
        &self,
        kind: Option<PatternKind>,
        data_source: Option<&str>,
        search: Option<&str>,
    ) -> Result<Vec<OpenCount>> {
        let mut tx = reading(self).await?;
        let rows = sqlx::query!(
            r#"select status as "status!", purpose as "purpose!", count(*) as "count!" from listed_suggestions
               where status in ('pending', 'deferred') and ($1::text is null or data_source = $1)
                 and ($3::text is null or kind = $3)
                 and ($2::text[] is null
                      or words like all (array(select lower(word) from unnest($2::text[]) as word)))
               group by status, purpose order by status desc, purpose"#,
            data_source,
            patterns(search) as Option<Vec<String>>,
            kind.map(PatternKind::as_str)
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let count = |status: &str, purpose: &str, count| {
            let status = stored("the count of", "suggestions", status)?;
            Ok(OpenCount { status, purpose: stored("the count of", "suggestions", purpose)?, count })
        };
        rows.iter().map(|row| count(&row.status, &row.purpose, row.count)).collect()
    }
}

/// One more than asked for where there is one.
async fn page(conn: &mut PgConnection, filter: &SuggestionFilter, offset: i64) -> Result<Vec<Uuid>> {
    let (after, after_id) = filter.after.clone().unzip();
    let (number, text) = after.map(SortKey::split).unwrap_or_default();
    Ok(sqlx::query_scalar!(
        r#"select id as "id!" from listed_suggestions
           where ($1::text is null or status = $1) and ($2::text is null or data_source = $2)
             and ($3::uuid is null or pattern_id = $3) and ($4::text is null or purpose = $4)
             and ($5::double precision is null or confidence >= $5)
             and ($6::text[] is null or words like all (array(select lower(word) from unnest($6::text[]) as word)))
             and ($13::text is null or kind = $13)
             and ($8::double precision is null
                  or case $7::text when 'confidence' then confidence when 'newest' then created_micros else priority end < $8
                  or (case $7 when 'confidence' then confidence when 'newest' then created_micros else priority end = $8
                      and id > $10))
             and ($9::text is null or label collate "C" > $9 or (label = $9 and id > $10))
           order by case when $7::text = 'name' then label collate "C" end,
                    case $7 when 'name' then null when 'confidence' then confidence when 'newest' then created_micros
                            else priority end desc,
                    id
           limit $11 offset $12"#,
        filter.status.map(SuggestionStatus::as_str),
        filter.data_source,
        filter.pattern_id,
        filter.purpose.map(Purpose::as_str),
        filter.min_confidence,
        patterns(filter.search.as_deref()) as Option<Vec<String>>,
        filter.sort.as_str(),
        number,
        text,
        after_id,
        filter.limit + 1,
        offset,
        filter.kind.map(PatternKind::as_str)
    )
    .fetch_all(conn)
    .await?)
}

/// How many there are, and how many of them come before the one that is asked for.
async fn count(conn: &mut PgConnection, filter: &SuggestionFilter) -> Result<(i64, i64)> {
    let around = load_suggestions(&mut *conn, filter.around.as_slice()).await?.pop();
    let (number, text) = around.map(|one| filter.sort.key(&one).split()).unwrap_or_default();
    let row = sqlx::query!(
        r#"select count(*) as "total!",
                  count(*) filter (
                      where case $7::text when 'confidence' then confidence when 'newest' then created_micros
                                    else priority end > $8
                         or (case $7 when 'confidence' then confidence when 'newest' then created_micros
                                     else priority end = $8 and id < $10)
                         or label collate "C" < $9 or (label = $9 and id < $10)) as "before!"
           from listed_suggestions
           where ($1::text is null or status = $1) and ($2::text is null or data_source = $2)
             and ($3::uuid is null or pattern_id = $3) and ($4::text is null or purpose = $4)
             and ($5::double precision is null or confidence >= $5)
             and ($6::text[] is null or words like all (array(select lower(word) from unnest($6::text[]) as word)))
             and ($11::text is null or kind = $11)"#,
        filter.status.map(SuggestionStatus::as_str),
        filter.data_source,
        filter.pattern_id,
        filter.purpose.map(Purpose::as_str),
        filter.min_confidence,
        patterns(filter.search.as_deref()) as Option<Vec<String>>,
        filter.sort.as_str(),
        number,
        text,
        filter.around,
        filter.kind.map(PatternKind::as_str)
    )
    .fetch_one(conn)
    .await?;
    Ok((row.total, row.before))
}
