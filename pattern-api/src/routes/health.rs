use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::AppState;

/// A probe waits a second.
const KAFKA_WITHIN: Duration = Duration::from_millis(500);

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready))
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `up`, or `down` where one of the parts that requests need is.
    status: String,
    /// `up`, or what is wrong.
    parts: BTreeMap<String, String>,
}

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Health)))]
async fn live() -> Json<Health> {
    Json(Health { status: "up".into(), parts: BTreeMap::new() })
}

/// The process can serve: names what is down. Kafka away does not make it unready, since events then
/// come from the outbox.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let mut parts = BTreeMap::new();
    let (postgres, kafka) = tokio::join!(state.store.ping(), state.producer.ping(KAFKA_WITHIN));
    let is_ready = postgres.is_ok() && state.hub.ready();
    let events = if state.hub.ready() { "up" } else { "catching up with the stream" };
    parts.insert("postgres".to_owned(), postgres.map_or_else(|e| e.to_string(), |()| "up".into()));
    parts.insert("events".to_owned(), events.into());
    let away = |e: pattern_bus::BusError| {
        format!("away, events come from the outbox and samples are not taken: {e}")
    };
    parts.insert("kafka".to_owned(), kafka.map_or_else(away, |()| "up".into()));
    if postgres_is_up(&parts) {
        let outbox = match state.store.unpublished_count().await {
            Ok(0) => "up".to_owned(),
            Ok(waiting) => format!("{waiting} events wait to be published"),
            Err(error) => error.to_string(),
        };
        parts.insert("relay".to_owned(), outbox);
    }
    let (code, status) =
        if is_ready { (StatusCode::OK, "up") } else { (StatusCode::SERVICE_UNAVAILABLE, "down") };
    (code, Json(Health { status: status.into(), parts }))
}

fn postgres_is_up(parts: &BTreeMap<String, String>) -> bool {
    parts.get("postgres").is_some_and(|state| state == "up")
}
