use axum::{Json, extract::State};
use pattern_core::domain::{Cluster, ClusterKind};
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
    /// Name of a data source.
    data_source: Option<String>,
    /// What makes its points belong together.
    kind: Option<ClusterKind>,
    /// 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(schema_with = cursor::time_form)]
    cursor: Option<String>,
}

/// Active clusters, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct ClusterList {
    items: Vec<Cluster>,
    next_cursor: Option<String>,
}

/// Lists active clusters, newest first.
#[utoipa::path(get, path = "/api/clusters", tag = "clusters", params(ListParams),
    responses((status = 200, body = ClusterList)))]
async fn list(
    State(state): State<AppState>,
    _: Viewer,
    Params(params): Params<ListParams>,
) -> Result<Json<ClusterList>, Problem> {
    let limit = page_limit(params.limit)?;
    let after = decode_cursor(params.cursor.as_deref())?;
    let mut items =
        state.store.list_clusters(params.data_source.as_deref(), params.kind, after, limit + 1).await?;
    let next_cursor = cut_page(&mut items, limit, |last| (last.detected_at, last.id));
    Ok(Json(ClusterList { items, next_cursor }))
}

/// One cluster with its points.
#[utoipa::path(get, path = "/api/clusters/{id}", tag = "clusters", params(("id" = Uuid, Path)),
    responses((status = 200, body = Cluster), (status = 404, body = Problem)))]
async fn one(
    State(state): State<AppState>,
    _: Viewer,
    InPath(id): InPath<Uuid>,
) -> Result<Json<Cluster>, Problem> {
    Ok(Json(state.store.cluster(id).await?))
}
