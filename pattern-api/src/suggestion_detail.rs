//! A suggestion with everything needed to judge it: points, roles, and how its members moved.

use chrono::Duration;
use pattern_core::{
    analytics::grid::sparkline,
    domain::{SuggestedRole, SuggestionDetail},
    library::PatternSpec,
};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

use crate::{AppState, problem::Problem};

/// Points of a chart line: two hours each over a week.
const SPARKLINE_LENGTH: usize = 84;
/// A chart with more lines than this can not be read.
const CHARTED_POINTS: usize = 60;

pub async fn load(state: &AppState, id: Uuid) -> Result<SuggestionDetail, Problem> {
    let row = state.store.suggestion_detail(id).await?;
    let mut points = row.points;
    let mut roles: Vec<SuggestedRole> = match (row.suggestion.pattern.id, row.draft) {
        (Some(pattern), _) => state
            .store
            .pattern(pattern)
            .await?
            .roles
            .into_iter()
            .filter(|role| role.data_source.as_ref().is_none_or(|site| *site == row.suggestion.data_source))
            .map(|role| SuggestedRole { name: role.name, required: role.required, point_id: None })
            .collect(),
        (None, Some(draft)) => serde_json::from_value::<PatternSpec>(draft)
            .map(|spec| spec.roles)
            .unwrap_or_default()
            .into_iter()
            .map(|role| SuggestedRole { name: role.name, required: role.required, point_id: None })
            .collect(),
        (None, None) => Vec::new(),
    };
    let known: BTreeSet<String> = roles.iter().map(|role| role.name.clone()).collect();
    for point in &points {
        let Some(name) = &point.role else { continue };
        if !known.contains(name) {
            roles.push(SuggestedRole { name: name.clone(), required: false, point_id: Some(point.id) });
        }
        if let Some(role) = roles.iter_mut().find(|role| role.name == *name) {
            role.point_id = Some(point.id);
        }
    }
    let charted: Vec<Uuid> = points.iter().take(CHARTED_POINTS).map(|p| p.id).collect();
    let mut lines = sparklines(state, row.data_source_id, &charted).await?;
    for point in &mut points {
        point.sparkline = lines.remove(&point.id).unwrap_or_default();
    }
    Ok(SuggestionDetail { suggestion: row.suggestion, points, roles, decision: row.decision })
}

/// The newest days of each point as a line between 0 and 1; points without samples have none.
async fn sparklines(
    state: &AppState,
    data_source: Uuid,
    points: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Option<f32>>>, Problem> {
    let Some(newest) = state.store.newest_sample(data_source).await? else { return Ok(HashMap::new()) };
    let (from, to) = (newest - Duration::days(state.window_days), newest + Duration::milliseconds(1));
    let stored = state.store.stored_points(data_source).await?;
    let (ids, keys): (Vec<Uuid>, Vec<i32>) =
        stored.into_iter().filter(|p| points.contains(&p.id)).map(|p| (p.id, p.key)).unzip();
    let series = state.store.read_samples(&keys, from, to).await?;
    Ok(ids
        .into_iter()
        .zip(series)
        .filter(|(_, samples)| !samples.is_empty())
        .map(|(id, samples)| (id, sparkline(&samples, from, to, SPARKLINE_LENGTH)))
        .collect())
}
