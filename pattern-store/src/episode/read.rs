//! What only suggestions of episodes say.

use pattern_core::domain::{
    ChangedPoint, ClusterRef, Content, EpisodeContent, EpisodeQuestion, SuggestionBody,
};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

use crate::{Result, StoreError, error::stored, review::Asked};

pub(crate) async fn bodies(
    conn: &mut PgConnection,
    suggestions: &[Uuid],
) -> Result<HashMap<Uuid, SuggestionBody>> {
    let rows = sqlx::query!(
        r#"select s.id, s.content, c.id as cluster_id, c.kind, c.label, cardinality(s.members) as "point_count!",
                  array(select distinct e.name from bindings b join equipment e on e.id = b.equipment_id
                        where b.point_id = any(s.members) and b.retracted_at is null order by e.name) as "concerned!"
           from suggestions s join clusters c on c.id = s.subject_id where s.id = any($1)"#,
        suggestions
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let EpisodeContent { starts_at, ends_at, context, .. } =
                episode(row.id, serde_json::from_value(row.content)?)?;
            let question = EpisodeQuestion {
                cluster: ClusterRef {
                    id: row.cluster_id,
                    kind: stored("cluster", row.cluster_id, &row.kind)?,
                    label: row.label,
                    equipment_name: None,
                    point_count: i64::from(row.point_count),
                },
                starts_at,
                ends_at,
                concerned: row.concerned,
                happened_before: context.happened_before,
            };
            Ok((row.id, SuggestionBody::Episode(question)))
        })
        .collect()
}

/// The points in the order in which they changed; they have no sparklines yet.
pub(crate) async fn members(conn: &mut PgConnection, asked: &Asked) -> Result<Vec<ChangedPoint>> {
    let content = episode(asked.id, asked.content.clone())?;
    let ids: Vec<Uuid> = content.changes.iter().map(|change| change.point).collect();
    let rows = sqlx::query!(
        r#"select p.id, p.name, p.unit, p.description, b.role as "role?", e.name as "equipment?"
           from points p
           left join lateral (select role, equipment_id from bindings
                              where point_id = p.id and retracted_at is null order by bound_at desc limit 1) b on true
           left join equipment e on e.id = b.equipment_id
           where p.id = any($1)"#,
        &ids
    )
    .fetch_all(conn)
    .await?;
    let mut rows: HashMap<Uuid, _> = rows.into_iter().map(|row| (row.id, row)).collect();
    let changed = content.changes.iter().filter_map(|change| {
        let row = rows.remove(&change.point)?;
        Some(ChangedPoint {
            id: row.id,
            name: row.name,
            unit: row.unit,
            description: row.description,
            direction: change.direction,
            changed_at: change.at,
            equipment: row.equipment,
            role: row.role,
            sparkline: Vec::new(),
        })
    });
    Ok(changed.collect())
}

fn episode(suggestion: Uuid, content: Content) -> Result<EpisodeContent> {
    match content {
        Content::Episode(content) => Ok(content),
        Content::Equipment(_) => {
            Err(StoreError::Corrupt(format!("suggestion {suggestion} asks of no episode")))
        }
    }
}
