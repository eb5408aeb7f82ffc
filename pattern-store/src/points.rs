//! Data sources and their points.

use pattern_core::domain::{Point, stable_id};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

use crate::{Result, Store};

/// A point as an import or a sample names it. An empty text means "not known", never "remove it".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPoint {
    pub name: String,
    pub unit: String,
    pub description: String,
    /// The controller, meter or machine, the folder, and the system or building that it is of.
    pub device: String,
    pub path: String,
    pub group: String,
    /// What its numbers mean, where it shows states.
    pub states: Vec<String>,
    pub labels: PointLabels,
}

impl NewPoint {
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// What other people say the point is. For evaluation only; no job reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PointLabels {
    pub equipment: Option<String>,
    pub equipment_type: Option<String>,
    pub role: Option<String>,
}

/// A point with the short number that its samples carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPoint {
    pub id: Uuid,
    pub key: i32,
    pub name: String,
    pub unit: String,
    pub description: String,
    pub device: String,
    pub path: String,
    pub group: String,
}

#[derive(Debug, Clone, Default)]
pub struct RegisteredPoints {
    pub data_source_id: Uuid,
    /// The sample key of every name that was given.
    pub keys: HashMap<String, i32>,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
}

#[derive(Debug, Clone)]
pub struct PointPage {
    pub items: Vec<Point>,
    /// Give it as `after` to get the next page; `None` on the last one.
    pub next_cursor: Option<Uuid>,
    pub total: i64,
}

const ROWS_PER_STATEMENT: usize = 5_000;

impl Store {
    /// Makes the data source and the points that are missing and completes what is known of the others.
    /// The same points again change nothing. A name that is given twice counts once, the last one wins.
    pub async fn register_points(&self, data_source: &str, points: &[NewPoint]) -> Result<RegisteredPoints> {
        let mut tx = self.pool().begin().await?;
        let data_source_id = lock_data_source(&mut tx, data_source).await?;

        // In order of names: neighbours get neighbouring keys, the same in every installation.
        let by_name: BTreeMap<&str, &NewPoint> = points.iter().map(|p| (p.name.as_str(), p)).collect();
        let distinct: Vec<&NewPoint> = by_name.into_values().collect();

        let mut registered = RegisteredPoints { data_source_id, ..Default::default() };
        for chunk in distinct.chunks(ROWS_PER_STATEMENT) {
            upsert(&mut tx, data_source, data_source_id, chunk, &mut registered).await?;
        }
        if registered.new + registered.changed > 0 {
            sqlx::query!("update data_sources set version = version + 1 where id = $1", data_source_id)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        registered.unchanged = registered.keys.len() as u64 - registered.new - registered.changed;
        Ok(registered)
    }

    /// The sample keys of those names that are points of the data source.
    pub async fn point_keys(&self, data_source: &str, names: &[String]) -> Result<HashMap<String, i32>> {
        let rows = sqlx::query!(
            "select p.name, p.key from points p join data_sources d on d.id = p.data_source_id
             where d.name = $1 and p.name = any($2)",
            data_source,
            names
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|r| (r.name, r.key)).collect())
    }

    /// Every point of a data source, by name.
    pub async fn stored_points(&self, data_source_id: Uuid) -> Result<Vec<StoredPoint>> {
        Ok(sqlx::query_as!(
            StoredPoint,
            r#"select id, key, name, unit, description, device, path, "group" from points
               where data_source_id = $1 order by name"#,
            data_source_id
        )
        .fetch_all(self.pool())
        .await?)
    }

    /// The states of those points of a data source that show states, by the name of the point.
    pub async fn point_states(&self, data_source: &str) -> Result<HashMap<String, Vec<String>>> {
        let rows = sqlx::query!(
            "select p.name, p.states from points p join data_sources d on d.id = p.data_source_id
             where d.name = $1 and p.states <> '{}'",
            data_source
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|r| (r.name, r.states)).collect())
    }

    pub async fn point(&self, id: Uuid) -> Result<Option<Point>> {
        Ok(sqlx::query_as!(
            Point,
            r#"select p.id, d.name as data_source, p.name, p.unit, p.description,
                    p.device, p.path, p."group", p.states
             from points p join data_sources d on d.id = p.data_source_id where p.id = $1"#,
            id
        )
        .fetch_optional(self.pool())
        .await?)
    }

    /// A page of points by data source and name. `search` finds a part of the name, unit or
    /// description, whatever its case.
    pub async fn points(
        &self,
        data_source: Option<&str>,
        search: Option<&str>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<PointPage> {
        let search = search.map(contains_pattern);
        let mut items = sqlx::query_as!(
            Point,
            r#"select p.id, d.name as data_source, p.name, p.unit, p.description,
                    p.device, p.path, p."group", p.states
             from points p join data_sources d on d.id = p.data_source_id
             where ($1::text is null or d.name = $1)
               and ($2::text is null or p.name ilike $2 or p.unit ilike $2 or p.description ilike $2)
               and ($3::uuid is null or (p.data_source_id, p.name) >
                    (select c.data_source_id, c.name from points c where c.id = $3))
             order by p.data_source_id, p.name limit $4"#,
            data_source,
            search,
            after,
            i64::from(limit) + 1
        )
        .fetch_all(self.pool())
        .await?;
        let total = sqlx::query_scalar!(
            r#"select count(*) as "count!" from points p join data_sources d on d.id = p.data_source_id
             where ($1::text is null or d.name = $1)
               and ($2::text is null or p.name ilike $2 or p.unit ilike $2 or p.description ilike $2)"#,
            data_source,
            search
        )
        .fetch_one(self.pool())
        .await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = if more { items.last().map(|p| p.id) } else { None };
        Ok(PointPage { items, next_cursor, total })
    }
}

/// Locks the data source's row, so that two who register the same new names wait for each other
/// instead of meeting in a deadlock. Of two who add it at once, one may conflict by its id as well as by its name.
async fn lock_data_source(conn: &mut PgConnection, name: &str) -> Result<Uuid> {
    sqlx::query!(
        "insert into data_sources (id, name) values ($1, $2) on conflict do nothing",
        stable_id(&["data_source", name]),
        name
    )
    .execute(&mut *conn)
    .await?;
    Ok(sqlx::query_scalar!("select id from data_sources where name = $1 for no key update", name)
        .fetch_one(&mut *conn)
        .await?)
}

async fn upsert(
    conn: &mut PgConnection,
    data_source: &str,
    data_source_id: Uuid,
    points: &[&NewPoint],
    registered: &mut RegisteredPoints,
) -> Result<()> {
    let texts = |text: fn(&NewPoint) -> &String| -> Vec<String> {
        points.iter().map(|point| text(point).clone()).collect()
    };
    let labels = |label: fn(&PointLabels) -> &Option<String>| -> Vec<Option<String>> {
        points.iter().map(|point| label(&point.labels).clone()).collect()
    };
    let names = texts(|p| &p.name);
    let ids: Vec<Uuid> = names.iter().map(|name| stable_id(&["point", data_source, name])).collect();
    let [units, descriptions] = [texts(|p| &p.unit), texts(|p| &p.description)];
    let [devices, paths, groups] = [texts(|p| &p.device), texts(|p| &p.path), texts(|p| &p.group)];
    // Arrays within an array would all have to be of one length.
    let states: Vec<serde_json::Value> = points.iter().map(|p| p.states.clone().into()).collect();
    let equipment = labels(|l| &l.equipment);
    let types = labels(|l| &l.equipment_type);
    let roles = labels(|l| &l.role);
    registered.changed += sqlx::query!(
        r#"update points as p set
                unit = coalesce(nullif(n.unit, ''), p.unit),
                description = coalesce(nullif(n.description, ''), p.description),
                device = coalesce(nullif(n.device, ''), p.device),
                path = coalesce(nullif(n.path, ''), p.path),
                "group" = coalesce(nullif(n.grouped, ''), p."group"),
                states = case n.states when '[]' then p.states
                    else array(select jsonb_array_elements_text(n.states)) end,
                label_equipment = coalesce(n.equipment, p.label_equipment),
                label_equipment_type = coalesce(n.equipment_type, p.label_equipment_type),
                label_role = coalesce(n.role, p.label_role),
                version = p.version + 1
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::text[], $11::jsonb[])
                as n(name, unit, description, equipment, equipment_type, role, device, path, grouped, states)
         where p.data_source_id = $1 and p.name = n.name
           and ((n.unit <> '' and n.unit <> p.unit)
                or (n.description <> '' and n.description <> p.description)
                or (n.device <> '' and n.device <> p.device)
                or (n.path <> '' and n.path <> p.path)
                or (n.grouped <> '' and n.grouped <> p."group")
                or (n.states <> '[]' and n.states <> to_jsonb(p.states))
                or (n.equipment is not null and n.equipment is distinct from p.label_equipment)
                or (n.equipment_type is not null and n.equipment_type is distinct from p.label_equipment_type)
                or (n.role is not null and n.role is distinct from p.label_role))"#,
        data_source_id,
        &names,
        &units,
        &descriptions,
        &equipment as &[Option<String>],
        &types as &[Option<String>],
        &roles as &[Option<String>],
        &devices,
        &paths,
        &groups,
        &states,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    // Nothing is inserted in vain: even then each row would use up a key, and there are 2^31 of them.
    registered.new += sqlx::query!(
        r#"insert into points (id, data_source_id, name, unit, description,
                label_equipment, label_equipment_type, label_role, device, path, "group", states)
         select n.id, $1, n.name, n.unit, n.description, n.equipment, n.equipment_type, n.role,
                n.device, n.path, n.grouped, array(select jsonb_array_elements_text(n.states))
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::jsonb[])
                as n(id, name, unit, description, equipment, equipment_type, role, device, path, grouped, states)
         where not exists (select from points p where p.data_source_id = $1 and p.name = n.name)
         order by n.name collate "C""#,
        data_source_id,
        &ids,
        &names,
        &units,
        &descriptions,
        &equipment as &[Option<String>],
        &types as &[Option<String>],
        &roles as &[Option<String>],
        &devices,
        &paths,
        &groups,
        &states,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();

    let keys = sqlx::query!(
        "select name, key from points where data_source_id = $1 and name = any($2)",
        data_source_id,
        &names
    )
    .fetch_all(&mut *conn)
    .await?;
    registered.keys.extend(keys.into_iter().map(|r| (r.name, r.key)));
    Ok(())
}

/// `text` as a LIKE pattern that finds it anywhere, its own `%` and `_` taken literally.
pub(crate) fn contains_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
