//! An answer that the client has already is not sent again.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// Gives every answer to a GET a tag made of its bytes.
pub async fn tagged(request: Request, next: Next) -> Response {
    let is_get = request.method() == Method::GET;
    let known = request.headers().clone();
    let response = next.run(request).await;
    if !is_get || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::unavailable("the answer could not be made; ask again").into_response();
    };
    let etag = of(&hex::encode(&Sha256::digest(&bytes)[..12]));
    let is_known = matches(&known, &etag);
    parts.headers.insert(header::ETAG, HeaderValue::from_str(&etag).expect("hex in quotes"));
    if is_known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// A weak tag: it names the same answer, compressed or not.
pub fn of(version: &str) -> String {
    format!("W/\"{version}\"")
}

/// Whether the client sent this tag as one it has.
pub fn matches(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bare = etag.trim_start_matches("W/");
    known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == bare)
}
