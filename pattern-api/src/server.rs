//! Starts everything an API process is made of, and stops it in order.

use anyhow::Context;
use axum::{Router, response::Redirect, routing::get, serve::ListenerExt};
use pattern_bus::{KafkaSettings, Producer, relay};
use pattern_config::ApiConfig;
use pattern_store::Store;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, trace::TraceLayer};

use crate::{
    AppState,
    hub::{Hub, HubOptions},
    page,
    problem::not_found,
    routes, ws,
};

const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// How long sockets may take to say goodbye.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until `shutdown`. PostgreSQL and Kafka may be away at the start, and later.
pub async fn run(
    config: ApiConfig,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let store = Store::connect_lazy(&config.postgres.url, config.postgres.max_connections)?;
    let kafka = KafkaSettings {
        bootstrap: config.kafka.bootstrap_servers.clone(),
        topic_prefix: config.kafka.topic_prefix.clone(),
        options: config.kafka.options.clone(),
    };
    kafka.check()?;
    let options = HubOptions { allowed_origins: config.api.allowed_origins.clone(), ..HubOptions::default() };
    let hub = Hub::start(store.clone(), kafka.clone(), options, shutdown.clone());
    let producer = Producer::new(&kafka).context("kafka producer can not be made; check kafka.*")?;
    let holder = format!("api-{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
    let relay = tokio::spawn(relay::run(store.clone(), kafka.clone(), holder, shutdown.clone()));
    let state = AppState { store, hub: hub.clone(), kafka, producer, shutdown: shutdown.clone() };
    // Two events in a row: without this the second waits until the browser acknowledges the first, up to
    // 40 ms. A socket that can not be set only stays slower.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, router(state)).with_graceful_shutdown(shutdown.cancelled_owned()).await?;
    hub.drained(DRAIN).await;
    relay.await.context("relay ended badly")?;
    Ok(())
}

fn router(state: AppState) -> Router {
    let (rest, openapi) = routes::rest().split_for_parts();
    let document = serde_json::to_value(&openapi).expect("an OpenAPI document is plain data");
    rest.merge(ws::routes())
        .route("/api/openapi.json", get(move || std::future::ready(axum::Json(document))))
        .route("/api", get(|| async { Redirect::temporary("/api/docs") }))
        .merge(page::routes())
        .fallback(not_found)
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(CatchPanicLayer::new())
        // What failed is logged where it failed; that the API is not ready yet is no error.
        .layer(TraceLayer::new_for_http().on_failure(()))
        .with_state(state)
}
