use axum::{Json, extract::State};
use pattern_core::domain::{Pattern, PatternKind};
use pattern_core::library::PatternSpec;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    AppState, cursor,
    extract::{InPath, Params, cut_page, decode_cursor, page_limit},
    principal::Viewer,
    problem::Problem,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// What the patterns are about.
    kind: Option<PatternKind>,
    /// As in a pattern.
    category: Option<String>,
    /// 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(schema_with = cursor::name_and_id_form)]
    cursor: Option<String>,
}

/// The library by name.
#[derive(Debug, Serialize, ToSchema)]
struct PatternList {
    items: Vec<Pattern>,
    next_cursor: Option<String>,
}

/// Lists the library by name.
#[utoipa::path(get, path = "/api/patterns", tag = "patterns", params(ListParams),
    responses((status = 200, body = PatternList)))]
async fn list(
    State(state): State<AppState>,
    _: Viewer,
    Params(params): Params<ListParams>,
) -> Result<Json<PatternList>, Problem> {
    let limit = page_limit(params.limit)?;
    let after: Option<(String, Uuid)> = decode_cursor(params.cursor.as_deref())?;
    let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
    let mut items =
        state.store.list_patterns(params.kind, params.category.as_deref(), after, limit + 1).await?;
    let next_cursor = cut_page(&mut items, limit, |last| (last.name.clone(), last.id));
    Ok(Json(PatternList { items, next_cursor }))
}

/// A pattern, and all that it says.
#[derive(Debug, Serialize, ToSchema)]
struct PatternDetail {
    #[serde(flatten)]
    pattern: Pattern,
    /// What it looks like, by its kind: as in a file of the library.
    #[schema(value_type = Object)]
    spec: PatternSpec,
}

/// One pattern with its roles, and what it looks like.
#[utoipa::path(get, path = "/api/patterns/{id}", tag = "patterns", params(("id" = Uuid, Path)),
    responses((status = 200, body = PatternDetail), (status = 404, body = Problem)))]
async fn one(
    State(state): State<AppState>,
    _: Viewer,
    InPath(id): InPath<Uuid>,
) -> Result<Json<PatternDetail>, Problem> {
    let (pattern, spec) = state.store.pattern_with_spec(id).await?;
    Ok(Json(PatternDetail { pattern, spec }))
}
