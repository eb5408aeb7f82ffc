//! Starts everything an API process is made of, and stops it in order.

use anyhow::Context;
use axum::{
    Router, extract::DefaultBodyLimit, middleware, response::Redirect, routing::get, serve::ListenerExt,
};
use pattern_bus::{KafkaSettings, Producer, relay};
use pattern_config::ApiConfig;
use pattern_store::Store;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use crate::{
    AppState, etag,
    hub::{Hub, HubOptions},
    origin, page,
    problem::{method_not_allowed, not_found, panicked},
    routes,
    uncut::uncut_request,
    ws,
};

/// The 100 000 samples that one request may hold fit in.
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
    let (watching, watch_shutdown) = (store.clone(), shutdown.clone());
    tokio::spawn(async move { watching.watch_server(watch_shutdown).await });
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
    let routes = rest
        .layer(middleware::from_fn(etag::tagged))
        .merge(ws::routes())
        .route("/api/openapi.json", get(move || std::future::ready(axum::Json(document))))
        .route("/api", get(|| async { Redirect::temporary("/api/docs") }))
        .merge(page::routes());
    with_problems(routes)
        .layer(middleware::from_fn_with_state(state.hub.clone(), origin::only_own_pages_write))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        // What failed is logged where it failed; that the API is not ready yet is no error.
        .layer(TraceLayer::new_for_http().on_failure(()))
        .with_state(state)
}

/// Answers with problem details where no handler does, and lets every handler come to its end.
fn with_problems<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(uncut_request))
        .layer(CatchPanicLayer::custom(panicked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tokio::sync::{mpsc, watch};
    use tower::ServiceExt;

    async fn broken() {
        panic!("as a handler should not")
    }

    #[tokio::test]
    async fn what_no_handler_answers_is_a_problem_too() {
        let routes = with_problems(Router::new().route("/broken", get(broken)));
        for (method, path, status) in
            [("GET", "/broken", 500), ("DELETE", "/broken", 405), ("GET", "/elsewhere", 404)]
        {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let response = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{method} {path}");
        }
    }

    #[tokio::test]
    async fn a_handler_comes_to_its_end_when_the_client_goes_away() {
        let (began, mut has_begun) = mpsc::channel(1);
        let (go_on, may_go_on) = watch::channel(false);
        let (ended, mut has_ended) = mpsc::channel(1);
        let handler = async move || {
            let mut may_go_on = may_go_on.clone();
            began.send(()).await.unwrap();
            may_go_on.wait_for(|go_on| *go_on).await.unwrap();
            ended.send(()).await.unwrap();
        };
        let routes = with_problems(Router::new().route("/", get(handler)));
        let mut asking = Box::pin(routes.oneshot(Request::get("/").body(Body::empty()).unwrap()));
        tokio::select! {
            _ = &mut asking => panic!("it answered too early"),
            _ = has_begun.recv() => {}
        }
        drop(asking);
        go_on.send(true).unwrap();
        assert_eq!(has_ended.recv().await, Some(()));
    }
}
