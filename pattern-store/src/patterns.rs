//! The library as it is kept: specifications with versions, confidences and the sites' own roles.

use chrono::{DateTime, Utc};
use pattern_core::domain::{
    Cause, EventType, NewEvent, Pattern, PatternData, PatternRole, PatternSource, PatternStatus, stable_id,
};
use pattern_core::library::PatternSpec;
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::{Result, Store, StoreError, jobs::Fence, outbox};

/// A pattern as matching uses it.
#[derive(Debug, Clone)]
pub struct LibraryPattern {
    pub id: Uuid,
    pub version: i64,
    pub confidence: f64,
    pub spec: PatternSpec,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LibraryChange {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

/// A pattern whose row is locked to the end of the transaction.
pub(crate) struct LockedPattern {
    pub id: Uuid,
    pub version: i64,
    pub category: String,
    pub roles: BTreeSet<String>,
}

/// A confidence made from evidence, about to replace the one that is kept.
#[derive(Debug, Clone)]
pub struct FoldedConfidence {
    pub pattern_id: Uuid,
    pub confidence: f64,
    pub support: f64,
    /// What changed and why, in words.
    pub cause: Cause,
    /// The site whose decision caused it.
    pub data_source: Option<String>,
    /// The facts that are in it now.
    pub facts: Vec<Uuid>,
}

impl Store {
    /// Brings specifications into the library. What is there already keeps its confidence; a changed
    /// specification becomes a new version.
    pub async fn load_library(
        &self,
        specs: &[PatternSpec],
        source: PatternSource,
        now: DateTime<Utc>,
    ) -> Result<LibraryChange> {
        let mut tx = self.pool.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock(hashtext('naia library'))").execute(&mut *tx).await?;
        let mut change = LibraryChange::default();
        for spec in specs {
            let body = serde_json::to_value(spec)?;
            let known = sqlx::query!(
                "select id, body, confidence from patterns where kind = $1 and name = $2 for update",
                spec.kind,
                spec.name
            )
            .fetch_optional(&mut *tx)
            .await?;
            let (id, r#type, previous, why) = match known {
                Some(row) if row.body == body => {
                    change.unchanged += 1;
                    continue;
                }
                Some(row) => {
                    change.updated += 1;
                    sqlx::query!(
                        "update patterns set category = $2, description = $3, body = $4, version = version + 1,
                                status = 'active', updated_at = $5 where id = $1",
                        row.id,
                        spec.category,
                        spec.description,
                        body,
                        now
                    )
                    .execute(&mut *tx)
                    .await?;
                    (row.id, EventType::PatternUpdated, Some(row.confidence), "specification changed")
                }
                None => {
                    change.created += 1;
                    (insert(&mut tx, spec, source, now).await?, EventType::PatternCreated, None, "loaded")
                }
            };
            replace_library_roles(&mut tx, id, spec).await?;
            let pattern = load(&mut tx, id).await?;
            keep_version(&mut tx, &pattern, why).await?;
            publish(&mut tx, r#type, pattern, None, previous, Cause::engine(why), now).await?;
        }
        tx.commit().await?;
        Ok(change)
    }

    /// Patterns that matching may propose, in id order.
    pub async fn library(&self) -> Result<Vec<LibraryPattern>> {
        let rows = sqlx::query!(
            "select id, version, confidence, body from patterns where status = 'active' order by id"
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(LibraryPattern {
                    id: row.id,
                    version: row.version,
                    confidence: row.confidence,
                    spec: serde_json::from_value(row.body)?,
                })
            })
            .collect()
    }

    pub async fn pattern(&self, id: Uuid) -> Result<Pattern> {
        let mut conn = self.pool.acquire().await?;
        load(&mut conn, id).await
    }

    /// Patterns by name, from behind `after`.
    pub async fn list_patterns(
        &self,
        kind: Option<&str>,
        category: Option<&str>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Pattern>> {
        let mut conn = self.pool.acquire().await?;
        let ids = sqlx::query_scalar!(
            "select id from patterns
             where ($1::text is null or kind = $1) and ($2::text is null or category = $2)
               and ($3::text is null or name > $3)
             order by name limit $4",
            kind,
            category,
            after,
            limit
        )
        .fetch_all(&mut *conn)
        .await?;
        let mut patterns = load_many(&mut conn, &ids).await?;
        patterns.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(patterns)
    }

    /// Writes folded confidences, marks their facts and tells what changed. Answers how many changed.
    pub async fn fold_confidences(
        &self,
        folded: &[FoldedConfidence],
        fence: Fence,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        let mut changed = 0;
        let mut in_order: Vec<_> = folded.iter().collect();
        in_order.sort_by_key(|f| f.pattern_id);
        for fold in in_order {
            let before = sqlx::query!(
                "select confidence, support from patterns where id = $1 for update",
                fold.pattern_id
            )
            .fetch_one(&mut *tx)
            .await?;
            sqlx::query!("update evidence set folded_at = $2 where id = any($1)", &fold.facts, now)
                .execute(&mut *tx)
                .await?;
            if (before.confidence - fold.confidence).abs() < 1e-9
                && (before.support - fold.support).abs() < 1e-9
            {
                continue;
            }
            changed += 1;
            sqlx::query!(
                "update patterns set confidence = $2, support = $3, version = version + 1, updated_at = $4
                 where id = $1",
                fold.pattern_id,
                fold.confidence,
                fold.support,
                now
            )
            .execute(&mut *tx)
            .await?;
            let pattern = load(&mut tx, fold.pattern_id).await?;
            keep_version(&mut tx, &pattern, &fold.cause.cause).await?;
            let (source, cause) = (fold.data_source.clone(), fold.cause.clone());
            publish(&mut tx, EventType::PatternUpdated, pattern, source, Some(before.confidence), cause, now)
                .await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}

pub(crate) async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<LockedPattern> {
    let row = sqlx::query!("select id, version, category, body from patterns where id = $1 for update", id)
        .fetch_optional(&mut *conn)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("pattern {id}")))?;
    let roles = sqlx::query_scalar!("select name from pattern_roles where pattern_id = $1", id)
        .fetch_all(conn)
        .await?;
    Ok(LockedPattern {
        id: row.id,
        version: row.version,
        category: row.category,
        roles: roles.into_iter().collect(),
    })
}

/// A role that the pattern lacks becomes the site's own.
pub(crate) async fn add_site_roles(
    conn: &mut PgConnection,
    pattern: &LockedPattern,
    data_source: Uuid,
    roles: impl Iterator<Item = &String>,
) -> Result<()> {
    for role in roles.filter(|role| !pattern.roles.contains(*role)) {
        sqlx::query!(
            "insert into pattern_roles (pattern_id, name, required, weight, data_source_id, position)
             select $1, $2, false, 1.0, $3, coalesce(max(position), 0) + 1 from pattern_roles where pattern_id = $1
             on conflict do nothing",
            pattern.id,
            role,
            data_source
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Makes a pattern from what a site taught; a retired one of the same name comes back.
pub(crate) async fn insert_learned(
    conn: &mut PgConnection,
    spec: &PatternSpec,
    now: DateTime<Utc>,
) -> Result<LockedPattern> {
    let taken = sqlx::query_scalar!(
        "select id from patterns where kind = $1 and name = $2 and status = 'active'",
        spec.kind,
        spec.name
    )
    .fetch_optional(&mut *conn)
    .await?;
    if taken.is_some() {
        return Err(StoreError::Conflict(format!(
            "pattern '{}' exists already; approve with its pattern_id, or give another pattern_name",
            spec.name
        )));
    }
    let id = insert(conn, spec, PatternSource::Learned, now).await?;
    replace_library_roles(conn, id, spec).await?;
    let pattern = load(conn, id).await?;
    keep_version(conn, &pattern, "learned from look-alike clusters").await?;
    lock(conn, id).await
}

async fn insert(
    conn: &mut PgConnection,
    spec: &PatternSpec,
    source: PatternSource,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    Ok(sqlx::query_scalar!(
        "insert into patterns (id, kind, name, category, description, source, body, confidence, created_at,
                               updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (kind, name) do update set
            status = 'active', body = excluded.body, version = patterns.version + 1,
            updated_at = excluded.updated_at
         returning id",
        stable_id(&["pattern", &spec.kind, &spec.name]),
        spec.kind,
        spec.name,
        spec.category,
        spec.description,
        source_text(source),
        serde_json::to_value(spec)?,
        spec.confidence,
        now
    )
    .fetch_one(conn)
    .await?)
}

async fn replace_library_roles(conn: &mut PgConnection, pattern: Uuid, spec: &PatternSpec) -> Result<()> {
    sqlx::query!("delete from pattern_roles where pattern_id = $1 and data_source_id is null", pattern)
        .execute(&mut *conn)
        .await?;
    for (position, role) in spec.roles.iter().enumerate() {
        sqlx::query!(
            "insert into pattern_roles (pattern_id, name, required, weight, position) values ($1, $2, $3, $4, $5)",
            pattern,
            role.name,
            role.required,
            role.weight,
            position as i32
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn keep_version(conn: &mut PgConnection, pattern: &Pattern, reason: &str) -> Result<()> {
    sqlx::query!(
        "insert into pattern_versions (pattern_id, version, body, confidence, reason)
         select id, version, body, confidence, $2 from patterns where id = $1 on conflict do nothing",
        pattern.id,
        reason
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn publish(
    conn: &mut PgConnection,
    r#type: EventType,
    pattern: Pattern,
    data_source: Option<String>,
    previous_confidence: Option<f64>,
    cause: Cause,
    now: DateTime<Utc>,
) -> Result<()> {
    let (id, version) = (pattern.id, pattern.version);
    let data = PatternData { pattern, data_source, previous_confidence, cause };
    outbox::append(conn, &[NewEvent::new(r#type, id, version, None, now, &data)]).await
}

pub(crate) async fn load(conn: &mut PgConnection, id: Uuid) -> Result<Pattern> {
    load_many(conn, &[id]).await?.pop().ok_or_else(|| StoreError::NotFound(format!("pattern {id}")))
}

async fn load_many(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Pattern>> {
    let mut site_roles: BTreeMap<Uuid, Vec<PatternRole>> = BTreeMap::new();
    let rows = sqlx::query!(
        "select r.pattern_id, r.name, r.required, r.weight, d.name as data_source from pattern_roles r
         join data_sources d on d.id = r.data_source_id
         where r.pattern_id = any($1) order by d.name, r.position",
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in rows {
        site_roles.entry(row.pattern_id).or_default().push(PatternRole {
            name: row.name,
            required: row.required,
            weight: row.weight,
            unit: None,
            min: None,
            max: None,
            data_source: Some(row.data_source),
        });
    }
    let rows =
        sqlx::query!("select * from patterns where id = any($1) order by id", ids).fetch_all(conn).await?;
    rows.into_iter()
        .map(|row| {
            let spec: PatternSpec = serde_json::from_value(row.body)?;
            let library_roles = spec.roles.into_iter().map(|role| PatternRole {
                name: role.name,
                required: role.required,
                weight: role.weight,
                unit: role.unit,
                min: role.min,
                max: role.max,
                data_source: None,
            });
            Ok(Pattern {
                id: row.id,
                kind: row.kind,
                name: row.name,
                category: row.category,
                description: row.description,
                source: match row.source.as_str() {
                    "learned" => PatternSource::Learned,
                    "imported" => PatternSource::Imported,
                    _ => PatternSource::Library,
                },
                status: match row.status.as_str() {
                    "retired" => PatternStatus::Retired,
                    _ => PatternStatus::Active,
                },
                version: row.version,
                confidence: row.confidence,
                support: row.support,
                roles: library_roles.chain(site_roles.remove(&row.id).unwrap_or_default()).collect(),
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

fn source_text(source: PatternSource) -> &'static str {
    match source {
        PatternSource::Library => "library",
        PatternSource::Learned => "learned",
        PatternSource::Imported => "imported",
    }
}
