//! What the world is told about a pattern.

use chrono::{DateTime, Utc};
use pattern_core::domain::{Cause, EventType, NewEvent, Pattern, PatternData, PatternRole};
use pattern_core::library::PatternSpec;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{Result, StoreError, error::stored, outbox};

/// What is said of a change of a pattern.
pub(crate) struct Announcement {
    pub cause: Cause,
    /// The site whose decision caused it.
    pub data_source: Option<String>,
    pub previous_confidence: Option<f64>,
}

impl Announcement {
    pub fn by_engine(why: &str) -> Self {
        Self { cause: Cause::engine(why), data_source: None, previous_confidence: None }
    }
}

/// Keeps the pattern's new version and tells of it.
pub(crate) async fn announce(
    conn: &mut PgConnection,
    id: Uuid,
    r#type: EventType,
    announcement: Announcement,
    now: DateTime<Utc>,
) -> Result<()> {
    let Announcement { cause, data_source, previous_confidence } = announcement;
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

pub(super) async fn load(conn: &mut PgConnection, id: Uuid) -> Result<Pattern> {
    load_many(conn, &[id]).await?.pop().ok_or_else(|| StoreError::NotFound(format!("pattern {id}")))
}

pub(super) async fn load_many(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Pattern>> {
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
