//! REST. Every route answers JSON, and problem details when it cannot.

mod access;
mod audit;
mod clusters;
mod description;
mod health;
mod jobs;
mod kinds;
mod metrics;
mod patterns;
mod points;
mod suggestion_lists;
mod suggestions;

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::AppState;

#[derive(OpenApi)]
#[openapi(info(
    title = "Naia Patterns",
    description = "Suggestions what equipment the points of a historian are, decisions on them, and what \
                   they are made from. Errors are RFC 9457 problem details. Where people sign in, send an API key or \
                   a token as Authorization: Bearer; elsewhere writes name their reviewer in X-Naia-Reviewer. POST \
                   honours Idempotency-Key. Live events come over the WebSocket /ws.",
))]
struct Description;

/// All REST routes, with their OpenAPI description.
pub fn rest() -> OpenApiRouter<AppState> {
    let mut routes = OpenApiRouter::with_openapi(Description::openapi())
        .merge(suggestion_lists::routes())
        .merge(suggestions::routes())
        .merge(points::routes())
        .merge(clusters::routes())
        .merge(patterns::routes())
        .merge(kinds::routes())
        .merge(jobs::routes())
        .merge(access::routes())
        .merge(audit::routes())
        .merge(health::routes())
        .merge(metrics::routes());
    description::complete(routes.get_openapi_mut());
    routes
}

/// The OpenAPI document as it is served and checked in.
pub fn openapi() -> utoipa::openapi::OpenApi {
    rest().into_openapi()
}
