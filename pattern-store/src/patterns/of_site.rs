//! Patterns as the decisions of a data source use them.

use chrono::{DateTime, Utc};
use pattern_core::domain::{Cause, EventType, PatternKind, PatternSource, Word};
use pattern_core::library::PatternSpec;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::announce::{Announcement, announce};
use super::insert::insert;
use crate::{Result, StoreError};

/// A pattern as one data source knows it: with its own roles, and without those of others.
pub(crate) struct SitePattern {
    pub id: Uuid,
    pub version: i64,
    pub name: String,
    pub category: String,
    pub roles: BTreeSet<String>,
    data_source_id: Uuid,
}

pub(crate) async fn of_site(
    conn: &mut PgConnection,
    id: Uuid,
    kind: PatternKind,
    data_source: Uuid,
) -> Result<SitePattern> {
    let row = sqlx::query!("select kind, version, name, category from patterns where id = $1", id)
        .fetch_optional(&mut *conn)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("pattern {id}")))?;
    if row.kind != kind.as_str() {
        let (name, is, wanted) = (row.name, row.kind, kind.as_str());
        return Err(StoreError::Invalid(format!(
            "pattern '{name}' is of kind {is}, and the suggestion asks for one of kind {wanted}"
        )));
    }
    let roles = sqlx::query_scalar!(
        "select name from pattern_roles
         where pattern_id = $1 and (data_source_id is null or data_source_id = $2)",
        id,
        data_source
    )
    .fetch_all(conn)
    .await?;
    Ok(SitePattern {
        id,
        version: row.version,
        name: row.name,
        category: row.category,
        roles: roles.into_iter().collect(),
        data_source_id: data_source,
    })
}

/// Equipment is an instance of the pattern now: it has to be in force still, and a role that it lacks
/// becomes the site's own.
pub(crate) async fn confirm(
    conn: &mut PgConnection,
    pattern: &SitePattern,
    roles: &[String],
    reviewer: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let locked =
        sqlx::query!("select name, status from patterns where id = $1 for no key update", pattern.id)
            .fetch_one(&mut *conn)
            .await?;
    if locked.status != "active" {
        let what = format!("pattern '{}' is retired; approve with another pattern_id", locked.name);
        return Err(StoreError::Conflict(what));
    }
    let added = sqlx::query_scalar!(
        "insert into pattern_roles (pattern_id, name, required, weight, data_source_id, position)
         select $1, role, false, 1.0, $2,
                place + (select coalesce(max(position), 0) from pattern_roles where pattern_id = $1)
         from unnest($3::text[]) with ordinality as used(role, place)
         where not exists (select from pattern_roles known where known.pattern_id = $1 and known.name = role
                             and (known.data_source_id is null or known.data_source_id = $2))
         returning name",
        pattern.id,
        pattern.data_source_id,
        roles
    )
    .fetch_all(&mut *conn)
    .await?;
    if added.is_empty() {
        return Ok(());
    }
    sqlx::query!("update patterns set version = version + 1, updated_at = $2 where id = $1", pattern.id, now)
        .execute(&mut *conn)
        .await?;
    let data_source =
        sqlx::query_scalar!("select name from data_sources where id = $1", pattern.data_source_id)
            .fetch_one(&mut *conn)
            .await?;
    let announcement = Announcement {
        cause: Cause::reviewer(reviewer, format!("{data_source} added {}", added.join(", "))),
        data_source: Some(data_source),
        previous_confidence: None,
    };
    announce(conn, pattern.id, EventType::PatternUpdated, announcement, now).await
}

/// Makes a pattern from what a site taught; a retired one of the same name comes back.
pub(crate) async fn learn(
    conn: &mut PgConnection,
    spec: &PatternSpec,
    data_source: &str,
    cause: Cause,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let announcement =
        Announcement { cause, data_source: Some(data_source.to_owned()), previous_confidence: None };
    insert(conn, spec, PatternSource::Learned, announcement, now).await
}

/// A learned pattern goes with the last that is of it; whoever approves it again brings it back.
pub(crate) async fn retire_unused(
    conn: &mut PgConnection,
    id: Uuid,
    data_source: &str,
    cause: Cause,
    now: DateTime<Utc>,
) -> Result<()> {
    let learned =
        sqlx::query!("select id from patterns where id = $1 and source = 'learned' for no key update", id)
            .fetch_optional(&mut *conn)
            .await?;
    if learned.is_none() {
        return Ok(());
    }
    let retired = sqlx::query!(
        "update patterns set status = 'retired', version = version + 1, updated_at = $2
         where id = $1 and not exists (select from equipment where pattern_id = $1 and status = 'active')
           and not exists (select from episodes where pattern_id = $1 and retracted_at is null)",
        id,
        now
    )
    .execute(&mut *conn)
    .await?;
    if retired.rows_affected() == 0 {
        return Ok(());
    }
    let announcement =
        Announcement { cause, data_source: Some(data_source.to_owned()), previous_confidence: None };
    announce(conn, id, EventType::PatternRetired, announcement, now).await
}
