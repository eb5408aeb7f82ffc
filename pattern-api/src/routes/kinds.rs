use axum::Json;
use pattern_core::domain::{PatternKind, ScoreName, Word};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{AppState, principal::Viewer};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(kinds))
}

/// What patterns and suggestions are about.
#[derive(Debug, Serialize, ToSchema)]
struct Kinds {
    items: Vec<Kind>,
}

/// What a kind declares.
#[derive(Debug, Serialize, ToSchema)]
struct Kind {
    kind: PatternKind,
    /// The parts of the scores of its suggestions, in the order in which to show them.
    scores: Vec<ScoreName>,
}

/// The kinds, and the parts of their scores.
#[utoipa::path(get, path = "/api/kinds", tag = "patterns", responses((status = 200, body = Kinds)))]
async fn kinds(_: Viewer) -> Json<Kinds> {
    let items = PatternKind::ALL.iter().map(|kind| Kind { kind: *kind, scores: kind.scores().to_vec() });
    Json(Kinds { items: items.collect() })
}
