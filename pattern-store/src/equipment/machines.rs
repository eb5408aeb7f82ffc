//! The machines that an approval makes or extends.

use pattern_core::domain::{ApproveRequest, ClusterKind, ClusterRef, EquipmentRef, stable_id};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::{Result, Store, StoreError, patterns::SitePattern, review::Deciding};

/// One machine of an approval, with its points in their roles.
pub(super) struct Machine {
    pub id: Uuid,
    pub name: String,
    pub roles: BTreeMap<Uuid, String>,
}

impl Store {
    /// Which of these names equipment of the suggestion's data source has that is about other points.
    pub async fn taken_equipment_names(&self, suggestion: Uuid, names: &[String]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            "select e.name from suggestions s join equipment e on e.data_source_id = s.data_source_id
             where s.id = $1 and e.name = any($2) and e.status = 'active'
               and not exists (select from bindings b where b.equipment_id = e.id and b.retracted_at is null
                                                        and b.point_id = any(s.members))",
            suggestion,
            names
        )
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Which machines the points are of, in the order of their ids, in which they are locked.
pub(super) async fn machines(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    cluster: &ClusterRef,
    request: &ApproveRequest,
    roles: BTreeMap<Uuid, String>,
) -> Result<Vec<Machine>> {
    if let Some(point) = request.equipment_names.keys().find(|point| !roles.contains_key(point)) {
        let what = format!("point {point} is given a machine and no role; give it a role, or no machine");
        return Err(StoreError::Invalid(what));
    }
    let typed = |name: &str| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    let of_all = request.equipment_name.as_deref().and_then(typed);
    let own_names = match &of_all {
        None if cluster.kind == ClusterKind::LookAlikes => names_of(conn, roles.keys()).await?,
        _ => BTreeMap::new(),
    };
    let mut machines: BTreeMap<Uuid, Machine> = BTreeMap::new();
    for (point, role) in roles {
        let said = request.equipment_names.get(&point).and_then(|name| typed(name)).or(of_all.clone());
        let name = said.or_else(|| own_names.get(&point).or(cluster.equipment_name.as_ref()).cloned());
        let name = name.ok_or_else(|| {
            let what = "no name is known for this equipment; give it one as equipment_name";
            StoreError::Invalid(what.into())
        })?;
        let id = stable_id(&["equipment", &deciding.data_source_id.to_string(), &name]);
        let machine = || Machine { id, name, roles: BTreeMap::new() };
        machines.entry(id).or_insert_with(machine).roles.insert(point, role);
    }
    Ok(machines.into_values().collect())
}

/// Locks those of the machines that there are already, in the order of their ids.
pub(super) async fn lock(conn: &mut PgConnection, data_source: Uuid, machines: &[Machine]) -> Result<()> {
    let names: Vec<String> = machines.iter().map(|machine| machine.name.clone()).collect();
    sqlx::query!(
        "select id from equipment where data_source_id = $1 and name = any($2) order by id for no key update",
        data_source,
        &names
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

async fn names_of(
    conn: &mut PgConnection,
    points: impl Iterator<Item = &Uuid>,
) -> Result<BTreeMap<Uuid, String>> {
    let points: Vec<Uuid> = points.copied().collect();
    let rows =
        sqlx::query!("select id, name from points where id = any($1)", &points).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Makes the machine, or takes the one of this name. `extend`: also where that has other points.
pub(super) async fn make_or_extend(
    conn: &mut PgConnection,
    deciding: &Deciding<'_>,
    machine: &Machine,
    pattern: &SitePattern,
    extend: bool,
) -> Result<EquipmentRef> {
    let (id, name) = (machine.id, machine.name.as_str());
    let made = sqlx::query!(
        "insert into equipment (id, data_source_id, name, pattern_id, pattern_version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6) on conflict (data_source_id, name) do nothing",
        id,
        deciding.data_source_id,
        name,
        pattern.id,
        pattern.version,
        deciding.now
    )
    .execute(&mut *conn)
    .await?;
    if made.rows_affected() == 1 {
        return Ok(EquipmentRef { id, name: name.to_owned(), pattern: pattern.name.clone() });
    }
    let known = sqlx::query!(
        "select id, pattern_id, status from equipment where data_source_id = $1 and name = $2
         for no key update",
        deciding.data_source_id,
        name
    )
    .fetch_one(&mut *conn)
    .await?;
    if known.status == "active" {
        if known.pattern_id != pattern.id {
            return Err(StoreError::Conflict(format!(
                "equipment '{name}' exists already as another pattern; give another equipment_name"
            )));
        }
        // Two machines may well be called the same: in two buildings, of two systems.
        if !extend && !is_about(conn, deciding.suggestion.id, known.id).await? {
            let first = first_point(conn, known.id).await?;
            return Err(StoreError::EquipmentExists(format!(
                "equipment '{name}' exists already with other points ({first}, …); give another equipment_name, \
                 or send extend to add these to it"
            )));
        }
    }
    sqlx::query!(
        "update equipment set version = version + 1, updated_at = $4, pattern_id = $2, pattern_version = $3,
                status = 'active' where id = $1",
        known.id,
        pattern.id,
        pattern.version,
        deciding.now
    )
    .execute(conn)
    .await?;
    Ok(EquipmentRef { id: known.id, name: name.to_owned(), pattern: pattern.name.clone() })
}

async fn first_point(conn: &mut PgConnection, equipment: Uuid) -> Result<String> {
    let name = sqlx::query_scalar!(
        "select p.name from bindings b join points p on p.id = b.point_id
         where b.equipment_id = $1 and b.retracted_at is null order by p.name limit 1",
        equipment
    )
    .fetch_optional(conn)
    .await?;
    Ok(name.unwrap_or_default())
}

/// Whether the equipment has points of the suggestion, or came from the same cluster.
async fn is_about(conn: &mut PgConnection, suggestion: Uuid, equipment: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from bindings b where b.equipment_id = $2 and b.retracted_at is null
                                                   and b.point_id = any(s.members))
               or exists (select from suggestions o where o.outcome_id = $2 and o.subject_id = s.subject_id)
               as "is_about!"
           from suggestions s where s.id = $1"#,
        suggestion,
        equipment
    )
    .fetch_one(conn)
    .await?)
}
