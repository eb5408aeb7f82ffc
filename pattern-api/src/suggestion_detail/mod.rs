//! A suggestion with everything needed to judge it, as its kind shows it.

mod equipment;

use pattern_core::{
    domain::{DetailBody, EpisodeDetail, SuggestionDetail},
    library::PatternBody,
};
use pattern_store::{DetailRow, MemberRows};
use uuid::Uuid;

use crate::{AppState, problem::Problem};

/// A chart with more lines than this cannot be read.
const CHARTED_POINTS: usize = 60;

pub async fn load(state: &AppState, id: Uuid) -> Result<SuggestionDetail, Problem> {
    let DetailRow { suggestion, members, decision, draft } = state.store.suggestion_detail(id).await?;
    let detail = match members {
        MemberRows::Equipment(points) => {
            let draft = draft.and_then(PatternBody::of);
            let mut detail = equipment::detail(state, &suggestion, points, draft).await?;
            let ids: Vec<Uuid> = detail.points.iter().map(|point| point.id).collect();
            let mut opinions = state.store.opinions_of(&ids).await?;
            detail.points.iter_mut().for_each(|point| point.opinion = opinions.remove(&point.id));
            chart(state, detail.points.iter_mut().map(|point| (point.id, &mut point.sparkline))).await?;
            DetailBody::Equipment(detail)
        }
        MemberRows::Episode(mut points) => {
            chart(state, points.iter_mut().map(|point| (point.id, &mut point.sparkline))).await?;
            DetailBody::Episode(EpisodeDetail { points })
        }
    };
    Ok(SuggestionDetail { suggestion, detail, decision })
}

/// How the first of these points moved.
async fn chart(
    state: &AppState,
    points: impl Iterator<Item = (Uuid, &mut Vec<Option<f32>>)>,
) -> Result<(), Problem> {
    let charted: Vec<_> = points.take(CHARTED_POINTS).collect();
    let ids: Vec<Uuid> = charted.iter().map(|(id, _)| *id).collect();
    let mut lines = state.store.sparklines(&ids).await?;
    for (id, sparkline) in charted {
        *sparkline = lines.remove(&id).unwrap_or_default();
    }
    Ok(())
}
