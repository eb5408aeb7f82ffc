//! The library as it is kept: specifications with versions, confidences and the sites' own roles.

use chrono::{DateTime, Utc};
use pattern_core::domain::{
    Cause, EventType, NewEvent, Pattern, PatternData, PatternKind, PatternRole, PatternSource, Word,
    stable_id,
};
use pattern_core::library::{PatternBody, PatternSpec, RoleSpec};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::{Result, Store, StoreError, error::stored, evidence, outbox};

/// A pattern of one kind as matching uses it.
#[derive(Debug, Clone)]
pub struct LibraryPattern<Body> {
    pub id: Uuid,
    pub version: i64,
    pub confidence: f64,
    pub spec: Body,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LibraryChange {
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
}

/// A pattern as one data source knows it: with its own roles, and without those of others.
pub(crate) struct KnownPattern {
    pub id: Uuid,
    pub version: i64,
    pub name: String,
    pub category: String,
    pub roles: BTreeSet<String>,
    data_source_id: Uuid,
}

impl Store {
    /// Brings specifications into the library; a changed one becomes a new version, and its evidence is
    /// folded into the new prior. What ships with the product leaves alone what a person changed.
    pub async fn load_library(
        &self,
        specs: &[PatternSpec],
        source: PatternSource,
        now: DateTime<Utc>,
    ) -> Result<LibraryChange> {
        let mut tx = self.pool.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock(hashtext('naia library'))").execute(&mut *tx).await?;
        let mut in_order: Vec<&PatternSpec> = specs.iter().collect();
        in_order.sort_by_key(|spec| id_of(spec));
        let mut change = LibraryChange::default();
        for spec in in_order {
            let body = serde_json::to_value(spec)?;
            let known = sqlx::query!(
                "select id, body, source from patterns where kind = $1 and name = $2 for no key update",
                spec.kind().as_str(),
                spec.name()
            )
            .fetch_optional(&mut *tx)
            .await?;
            match known {
                None => {
                    change.created += 1;
                    insert(&mut tx, spec, source, Announcement::by_engine("loaded"), now).await?;
                }
                Some(row) if row.body == body => change.unchanged += 1,
                Some(row) if source == PatternSource::Library && row.source != source.as_str() => {
                    change.unchanged += 1;
                }
                Some(row) => {
                    change.updated += 1;
                    sqlx::query!(
                        "update patterns set category = $2, description = $3, body = $4, source = $5,
                                status = 'active' where id = $1",
                        row.id,
                        spec.category(),
                        spec.description(),
                        body,
                        source.as_str()
                    )
                    .execute(&mut *tx)
                    .await?;
                    replace_library_roles(&mut tx, row.id, spec).await?;
                    let judged = evidence::judge(&mut tx, row.id, now).await?;
                    evidence::write(&mut tx, row.id, &judged, now).await?;
                    let told = Announcement {
                        previous_confidence: Some(judged.confidence_before),
                        ..Announcement::by_engine("specification changed")
                    };
                    tell(&mut tx, row.id, EventType::PatternUpdated, told, now).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(change)
    }

    /// The patterns in force of every kind, in id order.
    pub async fn whole_library(&self) -> Result<Vec<PatternSpec>> {
        let bodies = sqlx::query_scalar!("select body from patterns where status = 'active' order by id")
            .fetch_all(&self.pool)
            .await?;
        bodies.into_iter().map(|body| Ok(serde_json::from_value(body)?)).collect()
    }

    /// The patterns of one kind that matching may propose, in id order.
    pub async fn library<Body: PatternBody>(&self) -> Result<Vec<LibraryPattern<Body>>> {
        let rows = sqlx::query!(
            "select id, version, confidence, body from patterns where status = 'active' and kind = $1 order by id",
            Body::KIND.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let spec = Body::of(serde_json::from_value(row.body)?).ok_or_else(|| {
                    StoreError::Corrupt(format!("pattern {} has the body of another kind", row.id))
                })?;
                Ok(LibraryPattern { id: row.id, version: row.version, confidence: row.confidence, spec })
            })
            .collect()
    }

    pub async fn pattern(&self, id: Uuid) -> Result<Pattern> {
        let mut conn = self.pool.acquire().await?;
        load(&mut conn, id).await
    }

    /// Patterns by name, from behind `after`; equal names, of several kinds, by id.
    pub async fn list_patterns(
        &self,
        kind: Option<PatternKind>,
        category: Option<&str>,
        after: Option<(&str, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Pattern>> {
        let mut conn = self.pool.acquire().await?;
        let (after_name, after_id) = after.unzip();
        let ids = sqlx::query_scalar!(
            "select id from patterns
             where ($1::text is null or kind = $1) and ($2::text is null or category = $2)
               and ($3::text is null or (name, id) > ($3, $4::uuid))
             order by name, id limit $5",
            kind.map(PatternKind::as_str),
            category,
            after_name,
            after_id,
            limit
        )
        .fetch_all(&mut *conn)
        .await?;
        let mut by_id: BTreeMap<Uuid, Pattern> =
            load_many(&mut conn, &ids).await?.into_iter().map(|pattern| (pattern.id, pattern)).collect();
        Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
    }
}

pub(crate) async fn known_to(
    conn: &mut PgConnection,
    id: Uuid,
    kind: PatternKind,
    data_source: Uuid,
) -> Result<KnownPattern> {
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
    Ok(KnownPattern {
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
    pattern: &KnownPattern,
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
    let told = Announcement {
        cause: Cause::reviewer(reviewer, format!("{data_source} added {}", added.join(", "))),
        data_source: Some(data_source),
        previous_confidence: None,
    };
    tell(conn, pattern.id, EventType::PatternUpdated, told, now).await
}

/// Makes a pattern from what a site taught; a retired one of the same name comes back.
pub(crate) async fn learn(
    conn: &mut PgConnection,
    spec: &PatternSpec,
    data_source: &str,
    cause: Cause,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let told = Announcement { cause, data_source: Some(data_source.to_owned()), previous_confidence: None };
    insert(conn, spec, PatternSource::Learned, told, now).await
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
    let told = Announcement { cause, data_source: Some(data_source.to_owned()), previous_confidence: None };
    tell(conn, id, EventType::PatternRetired, told, now).await
}

fn id_of(spec: &PatternSpec) -> Uuid {
    stable_id(&["pattern", spec.kind().as_str(), spec.name()])
}

/// Of two who insert the same name at once, the second waits for the first and is refused.
async fn insert(
    conn: &mut PgConnection,
    spec: &PatternSpec,
    source: PatternSource,
    told: Announcement,
    now: DateTime<Utc>,
) -> Result<Uuid> {
    let alike = sqlx::query_scalar!(
        "select name from patterns where kind = $1 and lower(name) = lower($2) and name <> $2 and status = 'active'",
        spec.kind().as_str(),
        spec.name()
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(alike) = alike {
        return Err(StoreError::Conflict(format!(
            "pattern '{}' is called as '{alike}' is; approve with that pattern_id, or give another pattern_name",
            spec.name()
        )));
    }
    let id = sqlx::query_scalar!(
        "insert into patterns (id, kind, name, category, description, source, body, confidence, created_at,
                               updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         on conflict (kind, name) do update set
            status = 'active', category = excluded.category, description = excluded.description,
            source = excluded.source, body = excluded.body, version = patterns.version + 1,
            updated_at = excluded.updated_at
            where patterns.status = 'retired'
         returning id",
        id_of(spec),
        spec.kind().as_str(),
        spec.name(),
        spec.category(),
        spec.description(),
        source.as_str(),
        serde_json::to_value(spec)?,
        spec.confidence(),
        now
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or_else(|| {
        StoreError::Conflict(format!(
            "pattern '{}' exists already; approve with its pattern_id, or give another pattern_name",
            spec.name()
        ))
    })?;
    replace_library_roles(conn, id, spec).await?;
    tell(conn, id, EventType::PatternCreated, told, now).await?;
    Ok(id)
}

async fn replace_library_roles(conn: &mut PgConnection, pattern: Uuid, spec: &PatternSpec) -> Result<()> {
    let roles: &[RoleSpec] = match spec {
        PatternSpec::Equipment(body) => &body.roles,
        PatternSpec::Episode(_) => &[],
    };
    sqlx::query!("delete from pattern_roles where pattern_id = $1 and data_source_id is null", pattern)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "insert into pattern_roles (pattern_id, name, required, weight, position)
         select $1, name, required, weight, place - 1
         from unnest($2::text[], $3::bool[], $4::double precision[]) with ordinality
              as role(name, required, weight, place)",
        pattern,
        &roles.iter().map(|r| r.name.clone()).collect::<Vec<_>>(),
        &roles.iter().map(|r| r.required).collect::<Vec<_>>(),
        &roles.iter().map(|r| r.weight).collect::<Vec<_>>()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the world is told about a change of a pattern.
pub(crate) struct Announcement {
    pub cause: Cause,
    /// The site whose decision caused it.
    pub data_source: Option<String>,
    pub previous_confidence: Option<f64>,
}

impl Announcement {
    fn by_engine(why: &str) -> Self {
        Self { cause: Cause::engine(why), data_source: None, previous_confidence: None }
    }
}

/// Keeps the pattern's new version and tells of it.
pub(crate) async fn tell(
    conn: &mut PgConnection,
    id: Uuid,
    r#type: EventType,
    told: Announcement,
    now: DateTime<Utc>,
) -> Result<()> {
    let Announcement { cause, data_source, previous_confidence } = told;
    sqlx::query!(
        "insert into pattern_versions (pattern_id, version, body, confidence, reason)
         select id, version, body, confidence, $2 from patterns where id = $1",
        id,
        cause.cause
    )
    .execute(&mut *conn)
    .await?;
    let pattern = load(conn, id).await?;
    let version = pattern.version;
    let data = PatternData { pattern, data_source, previous_confidence, cause };
    outbox::append(conn, &[NewEvent::new(r#type, id, version, None, now, &data)]).await
}

async fn load(conn: &mut PgConnection, id: Uuid) -> Result<Pattern> {
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
            let roles = match spec {
                PatternSpec::Equipment(body) => body.roles,
                PatternSpec::Episode(_) => Vec::new(),
            };
            let library_roles = roles.into_iter().map(|role| PatternRole {
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
                kind: stored("pattern", row.id, &row.kind)?,
                name: row.name,
                category: row.category,
                description: row.description,
                source: stored("pattern", row.id, &row.source)?,
                status: stored("pattern", row.id, &row.status)?,
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
