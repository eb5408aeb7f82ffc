use chrono::{DateTime, Utc};
use pattern_core::domain::{EventType, PatternSource, Word, stable_id};
use pattern_core::library::{PatternSpec, RoleSpec};
use sqlx::PgConnection;
use uuid::Uuid;

use super::announce::{Announcement, announce};
use crate::{Result, StoreError};

pub(super) fn id_of(spec: &PatternSpec) -> Uuid {
    stable_id(&["pattern", spec.kind().as_str(), spec.name()])
}

/// Of two who insert the same name at once, the second waits for the first and is refused.
pub(super) async fn insert(
    conn: &mut PgConnection,
    spec: &PatternSpec,
    source: PatternSource,
    announcement: Announcement,
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
    announce(conn, id, EventType::PatternCreated, announcement, now).await?;
    Ok(id)
}

pub(super) async fn replace_library_roles(
    conn: &mut PgConnection,
    pattern: Uuid,
    spec: &PatternSpec,
) -> Result<()> {
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
