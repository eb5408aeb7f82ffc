use pattern_core::domain::Cause;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

use super::exclusions;
use crate::{Result, patterns, review::Deciding};

/// Retracts the bindings; equipment goes when it has no others, and a learned pattern with its last equipment.
pub(crate) async fn take_back(conn: &mut PgConnection, deciding: &Deciding<'_>) -> Result<()> {
    let (id, now) = (deciding.suggestion.id, deciding.now);
    // What follows has to see the bindings of those who extended it meanwhile.
    let equipment = sqlx::query_scalar!(
        "select id from equipment
         where id in (select equipment_id from bindings where suggestion_id = $1
                      union select equipment_id from exclusions where suggestion_id = $1)
         order by id for no key update",
        id
    )
    .fetch_all(&mut *conn)
    .await?;
    let undone = sqlx::query!(
        "update bindings set retracted_at = $2 where suggestion_id = $1 and retracted_at is null
         returning point_id, bound_at",
        id,
        now
    )
    .fetch_all(&mut *conn)
    .await?;
    let (points, moments): (Vec<_>, Vec<_>) = undone
        .into_iter()
        .map(|b| (b.point_id, b.bound_at))
        .chain(exclusions::retract(conn, deciding, &equipment).await?)
        .unzip();
    // An approval retracts what it replaces in the same moment; that comes back, if it still is approved
    // and the point is free.
    sqlx::query!(
        "update bindings b set retracted_at = null
         from unnest($1::uuid[], $2::timestamptz[]) as undone(point_id, bound_at), suggestions s
         where b.point_id = undone.point_id and b.retracted_at = undone.bound_at and b.equipment_id = any($3)
           and s.id = b.suggestion_id and s.id <> $4 and s.status = 'approved'
           and not exists (select from bindings other
                           where other.retracted_at is null
                             and other.point_id = b.point_id and other.category = b.category)",
        &points,
        &moments,
        &equipment,
        id
    )
    .execute(&mut *conn)
    .await?;
    let retired = sqlx::query!(
        "update equipment e set status = 'retired', version = version + 1, updated_at = $2
         where e.id = any($1)
           and not exists (select from bindings b where b.equipment_id = e.id and b.retracted_at is null)
         returning name, pattern_id",
        &equipment,
        now
    )
    .fetch_all(&mut *conn)
    .await?;
    let patterns: BTreeMap<Uuid, String> = retired.into_iter().map(|e| (e.pattern_id, e.name)).collect();
    for (pattern, name) in patterns {
        let cause = Cause::reviewer(deciding.reviewer, format!("approval of {name} undone"));
        patterns::retire_unused(conn, pattern, &deciding.suggestion.data_source, cause, now).await?;
    }
    Ok(())
}
