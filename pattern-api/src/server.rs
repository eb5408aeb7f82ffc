//! Starts everything an API process is made of, and stops it in order.

use anyhow::Context;
use axum::{
    Router,
    body::Bytes,
    http::{HeaderValue, header},
    middleware,
    response::Redirect,
    routing::get,
};
use pattern_bus::{Producer, relay};
use pattern_config::ApiConfig;
use pattern_core::domain::JobTypes;
use pattern_service::Readiness;
use pattern_store::Store;
use std::sync::Arc;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};

use crate::{
    AppState,
    client_address::ClientAddresses,
    contact,
    edge::{self, BodyMemory, Limits},
    etag, health,
    host::{self, Hosts},
    hub::{Hub, HubOptions},
    metrics,
    not_found::unknown_route,
    origin, page,
    principal::Principals,
    problem::{method_not_allowed, panicked},
    rate::{Rates, not_too_often},
    routes,
    sign_in::SignedIn,
    traced::traced,
    uncut::uncut_request,
    ws,
};

/// Serves until `shutdown`. PostgreSQL and Kafka may be away at the start, and later; it fails where one of them
/// answers and will not have it.
pub async fn run(
    config: ApiConfig,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run_with(config, JobTypes::shipped(), listener, readiness, shutdown).await
}

/// As [`run`], in an installation with these job types.
pub async fn run_with(
    config: ApiConfig,
    types: JobTypes,
    listener: TcpListener,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let shutdown = shutdown.child_token();
    for all in [metrics::ALL, pattern_store::metrics::ALL, pattern_bus::metrics::ALL] {
        pattern_service::metrics::describe(all);
    }
    let store = pattern_service::store(&config.postgres)?.with_job_types(types);
    let kafka = pattern_service::kafka(&config.kafka)?;
    let mut refusal = contact::meet_servers(store.clone(), kafka.clone(), shutdown.clone());
    let options = HubOptions { allowed_origins: config.api.allowed_origins.clone(), ..HubOptions::default() };
    let (watching, watch_shutdown) = (store.clone(), shutdown.clone());
    tokio::spawn(async move { watching.watch_server(watch_shutdown).await });
    let hub = Hub::start(store.clone(), kafka.clone(), options, shutdown.clone());
    tokio::spawn(health::tell(hub.clone(), readiness));
    let producer = Producer::new(&kafka).context("kafka producer cannot be made; check kafka.*")?;
    let holder = format!("api-{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
    let relay = tokio::spawn(relay::run(store.clone(), kafka.clone(), holder, shutdown.clone()));
    let bodies = BodyMemory::new(&config.api);
    let tls = edge::acceptor(&config.api, shutdown.clone())?;
    let rates = Rates::start(&config.api, shutdown.clone());
    let addresses = ClientAddresses::new(&config.api.trusted_proxies);
    let principals = principals(&config, &store, &rates)?;
    let state = AppState {
        store,
        hub: hub.clone(),
        kafka,
        producer,
        principals,
        addresses: addresses.clone(),
        bodies,
        shutdown: shutdown.clone(),
    };
    let hosts = Hosts::new(listener.local_addr()?, tls.is_some(), &names(&config));
    let router = router(state, hosts, config.auth.is_configured().then_some((rates, addresses)));
    let limits = Limits::from(&config.api);
    let ((), (), relayed) = tokio::join!(
        edge::serve(listener, tls, router, limits, shutdown.clone()),
        async {
            shutdown.cancelled().await;
            hub.drained(limits.drain).await;
        },
        async {
            shutdown.cancelled().await;
            timeout(limits.drain, relay).await
        },
    );
    match relayed {
        Ok(ended) => ended.context("relay ended badly")?,
        Err(_) => tracing::warn!("the relay did not end within api.drain_seconds and is cut"),
    }
    refusal.try_recv().map_or(Ok(()), Err)
}

fn principals(config: &ApiConfig, store: &Store, rates: &Rates) -> anyhow::Result<Principals> {
    if !config.auth.is_configured() {
        return Ok(Principals::local(config.api.local_scopes.iter().copied()));
    }
    let signed_in = SignedIn::new(store.clone(), config.auth.clone(), config.api.tls_certificate.is_some())?;
    Ok(Principals::signed_in(signed_in, rates.clone()))
}

/// Names under which the API may be asked: where people reach the page is one of them.
fn names(config: &ApiConfig) -> Vec<String> {
    let mut names = config.api.allowed_hosts.clone();
    let authority = config.auth.public_url.as_ref().and_then(|url| url.split_once("://"));
    names.extend(authority.map(|(_, host)| host.trim_end_matches('/').to_owned()));
    names
}

/// `rates`: how often one address may ask, where that is limited.
fn router(state: AppState, hosts: Hosts, rates: Option<(Rates, ClientAddresses)>) -> Router {
    let (rest, openapi) = routes::rest().split_for_parts();
    let document = Bytes::from(serde_json::to_vec(&openapi).expect("an OpenAPI document is plain data"));
    let is_json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let routes = rest
        .layer(middleware::from_fn(etag::tagged))
        .merge(ws::routes())
        .route("/api/openapi.json", get(move || std::future::ready((is_json, document))))
        .route("/api", get(|| async { Redirect::temporary("/api/docs") }))
        .merge(page::routes());
    let routes = with_problems(routes)
        // A list of names shrinks to a tenth at the fastest level. Browsers take nothing better over plain HTTP.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(middleware::from_fn_with_state(state.hub.clone(), origin::only_own_pages_write))
        .layer(middleware::from_fn_with_state(Arc::new(hosts), host::only_ours))
        .layer(middleware::from_fn(traced))
        .with_state(state);
    match rates {
        Some(rates) => routes.layer(middleware::from_fn_with_state(rates, not_too_often)),
        None => routes,
    }
}

/// Answers with problem details where no handler does, and lets every handler come to its end.
fn with_problems<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .fallback(unknown_route)
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
