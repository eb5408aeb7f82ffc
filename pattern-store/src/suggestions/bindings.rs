//! What an approval leaves behind: equipment, bindings, a site's own roles, evidence.

use pattern_core::domain::{
    ApproveRequest, Cause, EquipmentRef, EventType, NewEvent, PatternData, stable_id,
};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::decide::{DecideError, Deciding};
use crate::{Result, Store, StoreError, evidence, outbox, patterns};

/// A point in a role of a piece of equipment, as matching learns from it.
#[derive(Debug, Clone)]
pub struct ActiveBinding {
    pub point_id: Uuid,
    pub point_name: String,
    pub role: String,
    pub pattern_id: Uuid,
    pub equipment_id: Uuid,
}

impl Store {
    pub async fn active_bindings(&self, data_source: Uuid) -> Result<Vec<ActiveBinding>> {
        Ok(sqlx::query_as!(
            ActiveBinding,
            "select b.point_id, p.name as point_name, b.role, b.pattern_id, b.equipment_id
             from bindings b join points p on p.id = b.point_id
             where p.data_source_id = $1 and b.retracted_at is null order by b.equipment_id, p.name",
            data_source
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Makes or extends the equipment and binds its points; corrections teach both patterns.
pub(super) async fn approve(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &ApproveRequest,
) -> Result<EquipmentRef, DecideError> {
    let suggestion = deciding.suggestion;
    let confirmed = match request.pattern_id.or(suggestion.pattern.id) {
        Some(id) => patterns::lock(conn, id).await?,
        None => create_from_draft(conn, deciding, request).await?,
    };
    let corrected = suggestion.pattern.id.is_some_and(|proposed| proposed != confirmed.id);
    let roles = final_roles(conn, suggestion.id, request, corrected.then_some(&confirmed.roles)).await?;
    if roles.is_empty() {
        let what = "an approval needs at least one point with a role; assign one, or reject the suggestion";
        return Err(StoreError::Invalid(what.into()).into());
    }
    let name = request.equipment_name.as_deref().map(str::trim).filter(|n| !n.is_empty());
    let name = name.unwrap_or(&suggestion.cluster.label);
    let equipment = make_or_extend(conn, deciding, name, &confirmed).await?;
    for (point, role) in &roles {
        bind(conn, deciding, &equipment, &confirmed, *point, role).await?;
    }
    patterns::add_site_roles(conn, &confirmed, deciding.data_source_id, roles.values()).await?;
    evidence::record(conn, &deciding.fact(confirmed.id, true)).await?;
    if let Some(proposed) = suggestion.pattern.id.filter(|proposed| *proposed != confirmed.id) {
        evidence::record(conn, &deciding.fact(proposed, false)).await?;
    }
    Ok(equipment)
}

/// The proposed roles with the reviewer's changes; a role is taken by one point only. Where the pattern
/// was corrected, only those proposed roles stay that the confirmed pattern has too.
async fn final_roles(
    conn: &mut PgConnection,
    suggestion: Uuid,
    request: &ApproveRequest,
    confirmed_roles: Option<&BTreeSet<String>>,
) -> Result<BTreeMap<Uuid, String>, StoreError> {
    let proposed =
        sqlx::query!("select point_id, role from suggestion_roles where suggestion_id = $1", suggestion)
            .fetch_all(&mut *conn)
            .await?;
    let mut roles: BTreeMap<Uuid, String> = proposed
        .into_iter()
        .filter(|r| confirmed_roles.is_none_or(|known| known.contains(&r.role)))
        .map(|r| (r.point_id, r.role))
        .collect();
    let members: BTreeSet<Uuid> = sqlx::query_scalar!(
        r#"select unnest(point_ids) as "id!" from suggestions where id = $1"#,
        suggestion
    )
    .fetch_all(&mut *conn)
    .await?
    .into_iter()
    .collect();
    for (point, role) in request.role_assignments.iter().flatten() {
        if !members.contains(point) {
            let what = format!("point {point} is not part of the suggestion; assign roles to its own points");
            return Err(StoreError::Invalid(what));
        }
        match role.as_deref().map(str::trim).filter(|r| !r.is_empty()) {
            Some(role) => roles.insert(*point, role.to_owned()),
            None => roles.remove(point),
        };
    }
    let mut taken = BTreeSet::new();
    if let Some(twice) = roles.values().find(|role| !taken.insert(role.as_str())) {
        let what = format!("role '{twice}' is assigned to two points; each role takes one point");
        return Err(StoreError::Invalid(what));
    }
    Ok(roles)
}

async fn make_or_extend(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    name: &str,
    pattern: &patterns::LockedPattern,
) -> Result<EquipmentRef, StoreError> {
    let id = stable_id(&["equipment", &deciding.data_source_id.to_string(), name]);
    let row = sqlx::query!(
        "insert into equipment (id, data_source_id, name, pattern_id, pattern_version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (data_source_id, name) do update set
            version = equipment.version + 1, updated_at = excluded.updated_at,
            pattern_version = excluded.pattern_version,
            pattern_id = case when equipment.status = 'retired' then excluded.pattern_id
                              else equipment.pattern_id end,
            status = 'active'
         returning id, pattern_id",
        id,
        deciding.data_source_id,
        name,
        pattern.id,
        pattern.version,
        deciding.now
    )
    .fetch_one(conn)
    .await?;
    if row.pattern_id != pattern.id {
        return Err(StoreError::Conflict(format!(
            "equipment '{name}' exists already as another pattern; give another equipment_name"
        )));
    }
    Ok(EquipmentRef { id: row.id, name: name.to_owned() })
}

async fn bind(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    equipment: &EquipmentRef,
    pattern: &patterns::LockedPattern,
    point: Uuid,
    role: &str,
) -> Result<(), StoreError> {
    let inserted = sqlx::query!(
        "insert into bindings (id, point_id, equipment_id, pattern_id, category, role, suggestion_id, bound_by,
                               bound_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (point_id, category) where retracted_at is null do nothing",
        stable_id(&["binding", &deciding.decision_id.to_string(), &point.to_string()]),
        point,
        equipment.id,
        pattern.id,
        pattern.category,
        role,
        deciding.suggestion.id,
        deciding.reviewer,
        deciding.now
    )
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(());
    }
    let holder = sqlx::query!(
        "select e.id, e.name, p.name as point from bindings b join equipment e on e.id = b.equipment_id
         join points p on p.id = b.point_id
         where b.point_id = $1 and b.category = $2 and b.retracted_at is null",
        point,
        pattern.category
    )
    .fetch_one(conn)
    .await?;
    if holder.id == equipment.id {
        return Ok(());
    }
    Err(StoreError::Conflict(format!(
        "point {} belongs to {} already; take its role away here, or undo that approval",
        holder.point, holder.name
    )))
}

/// Approving a suggestion of a new pattern makes that pattern.
async fn create_from_draft(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &ApproveRequest,
) -> Result<patterns::LockedPattern, StoreError> {
    let draft = sqlx::query_scalar!("select draft from suggestions where id = $1", deciding.suggestion.id)
        .fetch_one(&mut *conn)
        .await?
        .ok_or_else(|| {
            StoreError::Invalid("suggestion has no pattern; approve it with a pattern_id".into())
        })?;
    let mut spec: pattern_core::library::PatternSpec = serde_json::from_value(draft)?;
    if let Some(name) = request.pattern_name.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
        spec.name = name.to_owned();
    }
    let created = patterns::insert_learned(conn, &spec, deciding.now).await?;
    let pattern = patterns::load(conn, created.id).await?;
    let data = PatternData {
        pattern,
        data_source: Some(deciding.suggestion.data_source.clone()),
        previous_confidence: None,
        cause: Cause::reviewer(deciding.reviewer, "approved as a new pattern"),
    };
    let event =
        NewEvent::new(EventType::PatternCreated, created.id, created.version, None, deciding.now, &data);
    outbox::append(conn, &[event]).await?;
    Ok(created)
}
