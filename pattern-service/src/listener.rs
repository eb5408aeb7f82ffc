//! What a service serves for those who watch it: metrics and health, on an address of its own that asks nobody who he is.

use axum::{
    Json, Router,
    extract::State as Shared,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    metrics,
    readiness::{Readiness, State},
};

pub const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves at `address` until the process ends. One that is taken is said, and keeps nobody from working.
pub async fn start(address: &str, key: &str, readiness: Readiness) {
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, "metrics are not served at {address}; set {key} to a free address");
            return;
        }
    };
    tracing::info!("serving metrics at http://{address}/metrics, and health");
    let routes = Router::new()
        .route("/metrics", get(async || ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], metrics::render())))
        .route("/health/live", get(async || Json(json!({ "status": "up" }))))
        .route("/health/ready", get(ready))
        .with_state(readiness);
    tokio::spawn(async move { axum::serve(listener, routes).await });
}

async fn ready(Shared(readiness): Shared<Readiness>) -> impl IntoResponse {
    let state = readiness.state();
    let code = if state.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(words(&state)))
}

/// In the words of the API's health.
fn words(state: &State) -> Value {
    let status = match state {
        State::Ready { trouble: None } => "up",
        State::Ready { trouble: Some(_) } => "degraded",
        State::Waiting(_) | State::Stopping => "down",
    };
    let service = if status == "up" { status.to_owned() } else { state.to_string() };
    json!({ "status": status, "parts": { "service": service } })
}
