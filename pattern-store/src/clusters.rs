//! Clusters, written as whole generations: what is new, changed or gone is told by events in the same
//! transaction.

use chrono::{DateTime, Utc};
use pattern_core::domain::{
    Cause, Cluster, ClusterData, ClusterKind, ClusterPoint, EventType, NewEvent, PointChange, Word, stable_id,
};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::{Result, Store, StoreError, error::stored, jobs::Fence, locks, outbox};

/// A cluster as a run found it. `id` carries on an earlier cluster; without it, it is new.
#[derive(Debug, Clone, Default)]
pub struct FoundCluster {
    pub id: Option<Uuid>,
    pub label: String,
    /// The label only lists the points, and is no name for a machine.
    pub unnamed: bool,
    pub cohesion: f64,
    pub point_ids: Vec<Uuid>,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    /// Episodes only: how its points changed.
    pub changes: Vec<PointChange>,
}

/// How a generation differs from the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct GenerationChange {
    pub detected: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub dissolved: usize,
}

/// A smaller move of the cohesion is not worth an event.
const COHESION_STEP: f64 = 0.02;

impl Store {
    /// Active clusters of a kind with their members, in id order.
    pub async fn active_clusters(&self, data_source: Uuid, kind: ClusterKind) -> Result<Vec<Cluster>> {
        let mut conn = self.pool.acquire().await?;
        let ids = sqlx::query_scalar!(
            "select id from clusters where data_source_id = $1 and kind = $2 and status = 'active' order by id",
            data_source,
            kind.as_str()
        )
        .fetch_all(&mut *conn)
        .await?;
        load_clusters(&mut conn, &ids).await
    }

    pub async fn cluster(&self, id: Uuid) -> Result<Cluster> {
        let mut conn = self.pool.acquire().await?;
        load_clusters(&mut conn, &[id])
            .await?
            .pop()
            .ok_or_else(|| StoreError::NotFound(format!("cluster {id}")))
    }

    /// Active clusters, newest first, from behind `after`.
    pub async fn list_clusters(
        &self,
        data_source: Option<&str>,
        kind: Option<ClusterKind>,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Cluster>> {
        let mut conn = self.pool.acquire().await?;
        let (after_at, after_id) = after.unzip();
        let ids = sqlx::query_scalar!(
            "select c.id from clusters c join data_sources d on d.id = c.data_source_id
             where c.status = 'active' and ($1::text is null or d.name = $1) and ($2::text is null or c.kind = $2)
               and ($3::timestamptz is null or (c.detected_at, c.id) < ($3, $4::uuid))
             order by c.detected_at desc, c.id desc limit $5",
            data_source,
            kind.map(ClusterKind::as_str),
            after_at,
            after_id,
            limit
        )
        .fetch_all(&mut *conn)
        .await?;
        let mut clusters = load_clusters(&mut conn, &ids).await?;
        clusters.sort_by_key(|c| std::cmp::Reverse((c.detected_at, c.id)));
        Ok(clusters)
    }

    /// Makes `found` the active clusters of this kind: the rest dissolves.
    pub async fn replace_clusters(
        &self,
        data_source: Uuid,
        kind: ClusterKind,
        found: &[FoundCluster],
        fence: Fence,
        now: DateTime<Utc>,
    ) -> Result<GenerationChange> {
        let mut tx = self.pool.begin().await?;
        fence.confirm(&mut tx).await?;
        locks::data_source(&mut tx, data_source).await?;
        let before: BTreeMap<Uuid, Cluster> = {
            let ids = sqlx::query_scalar!(
                "select id from clusters where data_source_id = $1 and kind = $2 and status = 'active'
                 order by id for update",
                data_source,
                kind.as_str()
            )
            .fetch_all(&mut *tx)
            .await?;
            load_clusters(&mut tx, &ids).await?.into_iter().map(|c| (c.id, c)).collect()
        };
        let generation = next_generation(&mut tx, data_source, kind).await?;

        let mut change = GenerationChange::default();
        let mut touched: Vec<(Uuid, EventType, String)> = Vec::new();
        let mut kept: BTreeSet<Uuid> = found.iter().filter_map(|cluster| cluster.id).collect();
        for cluster in found {
            let id = cluster.id.unwrap_or_else(|| new_cluster_id(data_source, kind, cluster, &kept));
            kept.insert(id);
            match before.get(&id) {
                Some(old) if is_same(old, cluster) => change.unchanged += 1,
                Some(old) => {
                    change.changed += 1;
                    touched.push((id, EventType::ClusterChanged, describe_change(old, cluster)));
                    write_cluster(&mut tx, id, data_source, kind, generation, cluster, now).await?;
                }
                None => {
                    change.detected += 1;
                    let cause = format!("{} points belong together", cluster.point_ids.len());
                    touched.push((id, EventType::ClusterDetected, cause));
                    write_cluster(&mut tx, id, data_source, kind, generation, cluster, now).await?;
                }
            }
        }
        let gone: Vec<Uuid> = before.keys().filter(|id| !kept.contains(id)).copied().collect();
        sqlx::query!(
            "update clusters set status = 'dissolved', version = version + 1, changed_at = $2
             where id = any($1)",
            &gone,
            now
        )
        .execute(&mut *tx)
        .await?;
        change.dissolved = gone.len();
        touched.extend(
            gone.into_iter().map(|id| {
                (id, EventType::ClusterDissolved, "its points no longer belong together".to_owned())
            }),
        );

        let ids: Vec<Uuid> = touched.iter().map(|(id, ..)| *id).collect();
        let after: BTreeMap<Uuid, Cluster> =
            load_clusters(&mut tx, &ids).await?.into_iter().map(|c| (c.id, c)).collect();
        let events: Vec<NewEvent> = touched
            .into_iter()
            .filter_map(|(id, r#type, cause)| {
                let cluster = after.get(&id)?.clone();
                let (version, source) = (cluster.version, cluster.data_source.clone());
                let data = ClusterData { cluster, cause: Cause::engine(cause) };
                Some(NewEvent::new(r#type, id, version, Some(&source), now, &data))
            })
            .collect();
        outbox::append(&mut tx, &events).await?;
        tx.commit().await?;
        Ok(change)
    }
}

/// From what makes the cluster, so that a run that is repeated finds the same; another one where a
/// cluster that began with these points has become something else.
fn new_cluster_id(
    data_source: Uuid,
    kind: ClusterKind,
    cluster: &FoundCluster,
    taken: &BTreeSet<Uuid>,
) -> Uuid {
    let mut members: Vec<String> = cluster.point_ids.iter().map(Uuid::to_string).collect();
    members.sort_unstable();
    let start = cluster.starts_at.map_or_else(String::new, |at| at.to_rfc3339());
    let mut id = stable_id(&[&data_source.to_string(), kind.as_str(), &members.join(","), &start]);
    while taken.contains(&id) {
        id = stable_id(&[&id.to_string()]);
    }
    id
}

fn is_same(old: &Cluster, new: &FoundCluster) -> bool {
    let old_members: BTreeSet<Uuid> = old.points.iter().map(|p| p.id).collect();
    old_members == new.point_ids.iter().copied().collect()
        && old.label == new.label
        && old.unnamed == new.unnamed
        && (old.cohesion - new.cohesion).abs() < COHESION_STEP
        && old.starts_at == new.starts_at
        && old.ends_at == new.ends_at
        && (new.changes.is_empty() || changes_of(old) == in_order(&new.changes))
}

/// How the points of an episode changed, by point.
fn changes_of(cluster: &Cluster) -> Vec<PointChange> {
    let change =
        |p: &ClusterPoint| Some(PointChange { point: p.id, direction: p.direction?, at: p.changed_at? });
    in_order(&cluster.points.iter().filter_map(change).collect::<Vec<_>>())
}

fn in_order(changes: &[PointChange]) -> Vec<PointChange> {
    let mut changes = changes.to_vec();
    changes.sort_unstable_by_key(|change| change.point);
    changes
}

fn describe_change(old: &Cluster, new: &FoundCluster) -> String {
    let before: BTreeSet<Uuid> = old.points.iter().map(|p| p.id).collect();
    let after: BTreeSet<Uuid> = new.point_ids.iter().copied().collect();
    let (joined, left) = (after.difference(&before).count(), before.difference(&after).count());
    match (joined, left) {
        (0, 0) => "its label or cohesion changed".to_owned(),
        _ => format!("{joined} points joined, {left} left"),
    }
}

async fn next_generation(conn: &mut PgConnection, data_source: Uuid, kind: ClusterKind) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(max(generation), 0) + 1 as "generation!" from clusters
           where data_source_id = $1 and kind = $2"#,
        data_source,
        kind.as_str()
    )
    .fetch_one(conn)
    .await?)
}

async fn write_cluster(
    conn: &mut PgConnection,
    id: Uuid,
    data_source: Uuid,
    kind: ClusterKind,
    generation: i64,
    cluster: &FoundCluster,
    now: DateTime<Utc>,
) -> Result<()> {
    // A dissolved cluster that is found again comes back under its old id.
    sqlx::query!(
        "insert into clusters (id, data_source_id, kind, label, cohesion, generation, starts_at, ends_at,
                               detected_at, changed_at, unnamed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)
         on conflict (id) do update set
            label = excluded.label, unnamed = excluded.unnamed, cohesion = excluded.cohesion, generation = excluded.generation,
            starts_at = excluded.starts_at, ends_at = excluded.ends_at, status = 'active',
            version = clusters.version + 1, changed_at = excluded.changed_at",
        id,
        data_source,
        kind.as_str(),
        cluster.label,
        cluster.cohesion as f32,
        generation,
        cluster.starts_at,
        cluster.ends_at,
        now,
        cluster.unnamed
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from cluster_points where cluster_id = $1 and not point_id = any($2)",
        id,
        &cluster.point_ids
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into cluster_points (cluster_id, point_id) select $1, unnest($2::uuid[])
         on conflict do nothing",
        id,
        &cluster.point_ids
    )
    .execute(&mut *conn)
    .await?;
    if cluster.changes.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update cluster_points m set direction = new.direction, changed_at = new.changed_at
         from unnest($2::uuid[], $3::text[], $4::timestamptz[]) as new(point_id, direction, changed_at)
         where m.cluster_id = $1 and m.point_id = new.point_id",
        id,
        &cluster.changes.iter().map(|change| change.point).collect::<Vec<_>>(),
        &cluster.changes.iter().map(|change| change.direction.as_str().to_owned()).collect::<Vec<_>>(),
        &cluster.changes.iter().map(|change| change.at).collect::<Vec<_>>()
    )
    .execute(&mut *conn)
    .await?;
    Ok(())
}

/// Clusters by id, in id order, members in name order.
pub(crate) async fn load_clusters(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Cluster>> {
    let mut members: BTreeMap<Uuid, Vec<ClusterPoint>> = BTreeMap::new();
    let rows = sqlx::query!(
        "select m.cluster_id, p.id, p.name, p.unit, m.direction, m.changed_at from cluster_points m join points p on p.id = m.point_id
         where m.cluster_id = any($1) order by p.name, p.id",
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in rows {
        let direction = row.direction.map(|text| stored("cluster", row.cluster_id, &text)).transpose()?;
        let point = ClusterPoint {
            id: row.id,
            name: row.name,
            unit: row.unit,
            direction,
            changed_at: row.changed_at,
        };
        members.entry(row.cluster_id).or_default().push(point);
    }
    let rows = sqlx::query!(
        "select c.id, d.name as data_source, c.kind, c.label, c.unnamed, c.cohesion, c.status, c.version,
                c.starts_at, c.ends_at, c.detected_at
         from clusters c join data_sources d on d.id = c.data_source_id where c.id = any($1) order by c.id",
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let points = members.remove(&row.id).unwrap_or_default();
            Ok(Cluster {
                id: row.id,
                data_source: row.data_source,
                kind: stored("cluster", row.id, &row.kind)?,
                label: row.label,
                unnamed: row.unnamed,
                cohesion: f64::from(row.cohesion),
                status: stored("cluster", row.id, &row.status)?,
                version: row.version,
                point_count: points.len() as i64,
                points,
                starts_at: row.starts_at,
                ends_at: row.ends_at,
                detected_at: row.detected_at,
            })
        })
        .collect()
}
