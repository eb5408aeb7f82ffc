//! For routes that do not exist: a person who mistyped an address gets a page, a program a problem.

use axum::{
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::{page, problem::Problem};

pub async fn unknown_route(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method == Method::GET && takes_html(&headers) {
        return page::not_found();
    }
    let detail = format!("{} does not exist; see /api/docs", uri.path());
    Problem::new(StatusCode::NOT_FOUND, detail).into_response()
}

/// Whether HTML is named: `*/*` is what programs send.
fn takes_html(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|value| value.to_ascii_lowercase().contains("text/html"))
}
