//! What only suggestions of equipment say.

use pattern_core::domain::{
    ClusterRef, Content, EquipmentContent, EquipmentQuestion, EquipmentRef, SuggestedPoint, SuggestionBody,
};
use pattern_core::library::EquipmentPattern;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

use crate::{Result, error::stored, review::Asked};

/// A point in the role that is proposed for it.
#[derive(Debug, Clone, PartialEq)]
pub struct SuggestedRoleRow {
    pub point_id: Uuid,
    pub role: String,
    pub score: f64,
}

/// What is asked with these roles, and how well each point fits. `draft`: the pattern that an approval would make.
pub fn placed(
    roles: Vec<SuggestedRoleRow>,
    draft: Option<&EquipmentPattern>,
) -> (Content, BTreeMap<Uuid, f64>) {
    let fits = roles.iter().map(|row| (row.point_id, row.score)).collect();
    let content = EquipmentContent {
        roles: roles.into_iter().map(|row| (row.point_id, row.role)).collect(),
        drafted_roles: draft.iter().flat_map(|draft| &draft.roles).map(|role| role.name.clone()).collect(),
    };
    (Content::Equipment(content), fits)
}

pub(crate) async fn bodies(
    conn: &mut PgConnection,
    suggestions: &[Uuid],
) -> Result<HashMap<Uuid, SuggestionBody>> {
    let rows = sqlx::query!(
        r#"select s.id as "id!", c.id as "cluster_id!", c.kind as "kind!", c.label as "label!", c.unnamed as "unnamed!",
                  cardinality(s.members) as "point_count!",
                  e.id as "equipment_id?", e.name as "equipment_name?", p.name as "pattern?"
           from suggestions s
           join clusters c on c.id = s.subject_id
           left join equipment e on e.id = s.outcome_id
           left join patterns p on p.id = e.pattern_id
           where s.id = any($1)"#,
        suggestions
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let named = row.kind == "equipment" && !row.unnamed;
            let equipment = row.equipment_id.zip(row.equipment_name).zip(row.pattern);
            let question = EquipmentQuestion {
                cluster: ClusterRef {
                    id: row.cluster_id,
                    kind: stored("cluster", row.cluster_id, &row.kind)?,
                    equipment_name: named.then(|| row.label.clone()),
                    label: row.label,
                    point_count: i64::from(row.point_count),
                },
                equipment: equipment.map(|((id, name), pattern)| EquipmentRef { id, name, pattern }),
            };
            Ok((row.id, SuggestionBody::Equipment(question)))
        })
        .collect()
}

/// The points, those with the surest roles first; they have no sparklines yet.
pub(crate) async fn members(conn: &mut PgConnection, asked: &Asked) -> Result<Vec<SuggestedPoint>> {
    let proposed = match &asked.content {
        Content::Equipment(content) => content.roles.clone(),
        Content::Episode(_) => BTreeMap::new(),
    };
    let rows = sqlx::query!(
        r#"select p.id, p.name, p.unit, p.description, e.name as "equipment?", b.role as "bound?",
                  s.status = 'approved' as "approved!"
           from suggestions s cross join unnest(s.members) as member(id)
           join points p on p.id = member.id
           left join bindings b on b.suggestion_id = s.id and b.point_id = p.id and b.retracted_at is null
           left join equipment e on e.id = b.equipment_id
           where s.id = $1 order by p.name"#,
        asked.id
    )
    .fetch_all(conn)
    .await?;
    let mut points: Vec<SuggestedPoint> = rows
        .into_iter()
        .map(|row| SuggestedPoint {
            id: row.id,
            name: row.name,
            unit: row.unit,
            description: row.description,
            role: if row.approved { row.bound } else { proposed.get(&row.id).cloned() },
            role_score: asked.fits.get(&row.id).copied(),
            equipment: row.equipment,
            spelled_out: None,
            opinion: None,
            sparkline: Vec::new(),
        })
        .collect();
    let surest = |point: &SuggestedPoint| point.role_score.unwrap_or(-1.0);
    points.sort_by(|a, b| surest(b).total_cmp(&surest(a)));
    Ok(points)
}
