//! What a reviewer took out of a piece of equipment. The newest answer about a point and an equipment counts: bound
//! or excluded, never both.

use chrono::{DateTime, Utc};
use pattern_core::domain::EquipmentRef;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::{Result, Store, review::Deciding};

/// A point that is no part of a piece of equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclusion {
    pub point_id: Uuid,
    pub equipment_id: Uuid,
}

impl Store {
    pub async fn exclusions(&self, data_source: Uuid) -> Result<Vec<Exclusion>> {
        Ok(sqlx::query_as!(
            Exclusion,
            "select x.point_id, x.equipment_id from exclusions x join equipment e on e.id = x.equipment_id
             where e.data_source_id = $1 and x.retracted_at is null order by x.equipment_id, x.point_id",
            data_source
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Excludes points from the equipment, and no longer those that the same approval bound to it.
pub(super) async fn exclude(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    equipment: &EquipmentRef,
    points: &BTreeSet<Uuid>,
) -> Result<()> {
    let points = Vec::from_iter(points.iter().copied());
    sqlx::query!(
        "update bindings set retracted_at = $3
         where equipment_id = $1 and point_id = any($2) and retracted_at is null",
        equipment.id,
        &points,
        deciding.now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update exclusions x set retracted_at = $2
         where equipment_id = $1 and retracted_at is null
           and (point_id = any($3) or exists (select from bindings b
                                              where b.equipment_id = $1 and b.point_id = x.point_id
                                                and b.retracted_at is null))",
        equipment.id,
        deciding.now,
        &points
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into exclusions (point_id, equipment_id, suggestion_id, excluded_at)
         select point, $2, $3, $4 from unnest($1::uuid[]) as points(point)",
        &points,
        equipment.id,
        deciding.suggestion.id,
        deciding.now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back what the suggestion's approval excluded, and brings back the earlier exclusions that it retracted in
/// the moment that it was made. Answers the points and that moment.
pub(super) async fn retract(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    equipment: &[Uuid],
) -> Result<Vec<(Uuid, DateTime<Utc>)>> {
    let (id, now) = (deciding.suggestion.id, deciding.now);
    sqlx::query!(
        "update exclusions x set retracted_at = null
         from (select distinct bound_at as at from bindings where suggestion_id = $1
               union select excluded_at from exclusions where suggestion_id = $1) approval, suggestions s
         where x.equipment_id = any($2) and x.retracted_at = approval.at
           and s.id = x.suggestion_id and s.id <> $1 and s.status = 'approved'",
        id,
        equipment
    )
    .execute(&mut *conn)
    .await?;
    let undone = sqlx::query!(
        "update exclusions set retracted_at = $2 where suggestion_id = $1 and retracted_at is null
         returning point_id, excluded_at",
        id,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(undone.into_iter().map(|x| (x.point_id, x.excluded_at)).collect())
}
