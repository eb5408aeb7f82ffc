//! A span and a measurement for each request. It goes on with the trace of who asks.

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    middleware::Next,
    response::Response,
};
use pattern_store::trace::{self, TRACEPARENT};
use std::time::Instant;
use tracing::{Instrument, Span, field::Empty};

use crate::metrics;

/// What no route is declared for; by its path it would make a metric of its own.
const NO_ROUTE: &str = "none";

pub async fn traced(request: Request, next: Next) -> Response {
    let (method, began) = (method_word(request.method()), Instant::now());
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let span = span(&request, method, &route);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    metrics::request(method, route, status, began.elapsed());
    response
}

fn span(request: &Request, method: &'static str, route: &str) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        "http.request.method" = method,
        "http.route" = route,
        "url.path" = request.uri().path(),
        "http.response.status_code" = Empty,
    );
    let before = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    trace::go_on(&span, before);
    span
}

/// Anybody may send a method of their own making.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
