//! What an approval leaves behind: equipment, bindings, a site's own roles.

use pattern_core::{
    domain::{
        ApproveRequest, Cause, Content, EquipmentContent, EquipmentRef, PatternKind, SuggestionBody,
        stable_id,
    },
    library::{EquipmentPattern, PatternSpec, RoleSpec},
};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::{exclusions::exclude, machines};
use crate::{
    DecideError, Result, Store, StoreError,
    patterns::{self, SitePattern},
    review::{Deciding, Outcome},
};

/// A point in a role of a piece of equipment, as matching learns from it.
#[derive(Debug, Clone)]
pub struct ActiveBinding {
    pub point_id: Uuid,
    pub point_name: String,
    pub role: String,
    pub pattern_id: Uuid,
    pub equipment_id: Uuid,
    /// Its name.
    pub equipment: String,
    /// The suggestion that was approved so.
    pub suggestion_id: Uuid,
}

/// A point of another data source and what it is there.
#[derive(Debug, Clone)]
pub struct ForeignBinding {
    pub point_id: Uuid,
    pub point_name: String,
    pub description: String,
    pub role: String,
    pub pattern: String,
    /// The suggestion that was approved so.
    pub suggestion_id: Uuid,
}

/// More than so many bindings of other data sources teach nothing new.
const MOST_FOREIGN: i64 = 20_000;

impl Store {
    /// What was told at other data sources, the newest first.
    pub async fn foreign_bindings(&self, data_source: Uuid) -> Result<Vec<ForeignBinding>> {
        Ok(sqlx::query_as!(
            ForeignBinding,
            "select b.point_id, p.name as point_name, p.description, b.role, t.name as pattern, b.suggestion_id
             from bindings b join points p on p.id = b.point_id join patterns t on t.id = b.pattern_id
             where p.data_source_id <> $1 and b.retracted_at is null
             order by b.bound_at desc, p.name, b.id limit $2",
            data_source,
            MOST_FOREIGN
        )
        .fetch_all(&self.pool)
        .await?)
    }

    pub async fn active_bindings(&self, data_source: Uuid) -> Result<Vec<ActiveBinding>> {
        Ok(sqlx::query_as!(
            ActiveBinding,
            "select b.point_id, p.name as point_name, b.role, b.pattern_id, b.equipment_id, e.name as equipment,
                    b.suggestion_id
             from bindings b join points p on p.id = b.point_id join equipment e on e.id = b.equipment_id
             where p.data_source_id = $1 and b.retracted_at is null order by b.equipment_id, p.name",
            data_source
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Makes or extends the equipment and binds its points.
pub(crate) async fn approve(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &ApproveRequest,
) -> Result<Outcome, DecideError> {
    let suggestion = deciding.suggestion;
    let (SuggestionBody::Equipment(question), Content::Equipment(content)) =
        (&suggestion.body, &deciding.asked.content)
    else {
        return Err(StoreError::Corrupt(format!("suggestion {} asks of no equipment", suggestion.id)).into());
    };
    let confirmed = confirmed(conn, deciding, request).await?;
    let corrected = confirmed.roles_instead_of(suggestion.pattern.id);
    let roles = final_roles(&deciding.asked.members, content, request, corrected.as_ref())?;
    if roles.is_empty() {
        let what = "an approval needs at least one point with a role; assign one, or reject the suggestion";
        return Err(StoreError::Invalid(what.into()).into());
    }
    let names: BTreeSet<String> = roles.values().cloned().collect();
    let mut made: Vec<EquipmentRef> = Vec::new();
    let machines = machines::machines(conn, deciding, &question.cluster, request, roles).await?;
    // Equipment before patterns, as everywhere: a new pattern may be one that is retired, and locked by an undo.
    machines::lock(conn, deciding.data_source_id, &machines).await?;
    let confirmed = match confirmed {
        Confirmed::Known(pattern) => pattern,
        Confirmed::New(spec) => create(conn, deciding, &spec).await?,
    };
    for machine in &machines {
        let equipment = machines::make_or_extend(conn, deciding, machine, &confirmed, request.extend).await?;
        bind(conn, deciding, &equipment, &confirmed, &machine.roles).await?;
        exclude(conn, deciding, &equipment, &request.excluded_points).await?;
        made.push(equipment);
    }
    patterns::confirm(conn, &confirmed, &Vec::from_iter(names), deciding.reviewer, deciding.now).await?;
    // Of machines of one size the first in the order of their ids.
    let largest = (0..machines.len()).rev().max_by_key(|&i| machines[i].roles.len()).unwrap_or(0);
    let EquipmentRef { id, name, .. } = made.swap_remove(largest);
    let cause = match made.len() {
        0 => format!("approved as {name}"),
        others => format!("approved as {name} and {others} more"),
    };
    Ok(Outcome { id, label: name, pattern_id: confirmed.id, cause })
}

/// What the points are of, as the reviewer has it.
enum Confirmed {
    Known(SitePattern),
    /// The library lacks it.
    New(PatternSpec),
}

impl Confirmed {
    /// The roles that there are now, where another pattern was proposed.
    fn roles_instead_of(&self, proposed: Option<Uuid>) -> Option<BTreeSet<String>> {
        let proposed = proposed?;
        match self {
            Self::Known(pattern) => (pattern.id != proposed).then(|| pattern.roles.clone()),
            Self::New(PatternSpec::Equipment(body)) => {
                Some(body.roles.iter().map(|role| role.name.clone()).collect())
            }
            Self::New(PatternSpec::Episode(_)) => None,
        }
    }
}

async fn confirmed(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    request: &ApproveRequest,
) -> Result<Confirmed> {
    // Blanks within it tell no kinds apart.
    let name = request.pattern_name.as_deref().unwrap_or_default().split_whitespace();
    let name = Some(name.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
    Ok(match (request.pattern_id, deciding.suggestion.pattern.id, name) {
        (Some(id), ..) | (None, Some(id), None) => Confirmed::Known(
            patterns::of_site(conn, id, PatternKind::Equipment, deciding.data_source_id).await?,
        ),
        (None, Some(_), Some(name)) => Confirmed::New(named(request, &name)?),
        (None, None, name) => {
            let draft = deciding.asked.draft.clone().ok_or_else(|| {
                StoreError::Invalid("suggestion has no pattern; approve it with a pattern_id".into())
            })?;
            Confirmed::New(match name {
                Some(name) => draft.named(&name),
                None => draft,
            })
        }
    })
}

/// The proposed roles with the reviewer's changes; several points may measure the same. Where the pattern was
/// corrected, only those proposed roles stay that the confirmed pattern has too.
fn final_roles(
    members: &BTreeSet<Uuid>,
    content: &EquipmentContent,
    request: &ApproveRequest,
    confirmed_roles: Option<&BTreeSet<String>>,
) -> Result<BTreeMap<Uuid, String>> {
    let proposed = content.roles.iter();
    let mut roles: BTreeMap<Uuid, String> = proposed
        .filter(|(_, role)| confirmed_roles.is_none_or(|known| known.contains(*role)))
        .map(|(point, role)| (*point, role.clone()))
        .collect();
    let assigned = request.role_assignments.iter().flatten();
    let named = assigned.clone().map(|(point, _)| point);
    let named = named.chain(&request.excluded_points).chain(request.equipment_names.keys());
    if let Some(point) = named.into_iter().find(|point| !members.contains(point)) {
        let what = format!("point {point} is not part of the suggestion; name only its own points");
        return Err(StoreError::Invalid(what));
    }
    roles.retain(|point, _| !request.excluded_points.contains(point));
    for (point, role) in assigned {
        match role.as_deref().map(str::trim).filter(|r| !r.is_empty()) {
            Some(_) if request.excluded_points.contains(point) => {
                let what = format!("point {point} has a role and is excluded; decide for one of them");
                return Err(StoreError::Invalid(what));
            }
            Some(role) => roles.insert(*point, role.to_owned()),
            None => roles.remove(point),
        };
    }
    Ok(roles)
}

async fn bind(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    equipment: &EquipmentRef,
    pattern: &SitePattern,
    roles: &BTreeMap<Uuid, String>,
) -> Result<()> {
    let points: Vec<Uuid> = roles.keys().copied().collect();
    let names: Vec<String> = roles.values().cloned().collect();
    // What these points were before makes way: an undo of either answer then retracts its own only.
    sqlx::query!(
        "update bindings set retracted_at = $3
         where equipment_id = $1 and point_id = any($2) and retracted_at is null",
        equipment.id,
        &points,
        deciding.now
    )
    .execute(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = points
        .iter()
        .map(|point| stable_id(&["binding", &deciding.decision_id.to_string(), &point.to_string()]))
        .collect();
    let bound = sqlx::query!(
        "insert into bindings (id, point_id, role, equipment_id, pattern_id, category, suggestion_id, bound_by,
                               bound_at)
         select id, point, role, $4, $5, $6, $7, $8, $9
         from unnest($1::uuid[], $2::uuid[], $3::text[]) as new(id, point, role)
         on conflict (point_id, category) where retracted_at is null do nothing",
        &ids,
        &points,
        &names,
        equipment.id,
        pattern.id,
        pattern.category,
        deciding.suggestion.id,
        deciding.reviewer,
        deciding.now
    )
    .execute(&mut *conn)
    .await?;
    if bound.rows_affected() == roles.len() as u64 {
        return Ok(());
    }
    let holder = sqlx::query!(
        "select e.name, p.name as point from bindings b join equipment e on e.id = b.equipment_id
         join points p on p.id = b.point_id
         where b.point_id = any($1) and b.category = $2 and b.equipment_id <> $3 and b.retracted_at is null
         order by p.name limit 1",
        &points,
        pattern.category,
        equipment.id
    )
    .fetch_one(conn)
    .await?;
    Err(StoreError::Conflict(format!(
        "point {} belongs to {} already; take its role away here, or undo that approval",
        holder.point, holder.name
    )))
}

/// The reviewer knows what it is, and the library does not: its roles are those that were assigned.
fn named(request: &ApproveRequest, name: &str) -> Result<PatternSpec> {
    let assigned = request.role_assignments.iter().flat_map(BTreeMap::values).flatten();
    let roles: BTreeSet<&str> = assigned.map(|role| role.trim()).filter(|role| !role.is_empty()).collect();
    if roles.is_empty() {
        let what = "a new pattern needs roles; name at least one in role_assignments";
        return Err(StoreError::Invalid(what.into()));
    }
    let roles = roles.into_iter().map(|role| RoleSpec { name: role.to_owned(), ..RoleSpec::default() });
    Ok(EquipmentPattern::learned(name, "named by a reviewer", roles.collect()).into())
}

async fn create(conn: &mut PgConnection, deciding: &Deciding<'_>, spec: &PatternSpec) -> Result<SitePattern> {
    let cause = Cause::reviewer(deciding.reviewer, "approved as a new pattern");
    let id = patterns::learn(conn, spec, &deciding.suggestion.data_source, cause, deciding.now).await?;
    patterns::of_site(conn, id, PatternKind::Equipment, deciding.data_source_id).await
}
