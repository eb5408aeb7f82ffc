use axum::{http::header, response::IntoResponse};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{AppState, principal::Viewer};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// What this process has counted, for Prometheus; docs/metrics.md says what each means.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(_: Viewer) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, pattern_service::PROMETHEUS_TEXT)], pattern_service::metrics::render())
}
