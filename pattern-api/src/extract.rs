//! What handlers take from a request, with errors as problem details.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, request::Parts},
};
use pattern_core::domain::text::TextRule;
use serde::de::DeserializeOwned;

pub use crate::body::Body;
use crate::{cursor::Place, problem::Problem};

/// Query parameters.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(e) => Err(Problem::bad_request(format!("query is not what this route takes: {e}"))),
        }
    }
}

/// A part of the path.
pub struct InPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(e) => Err(Problem::new(e.status(), format!("path is not one of ours: {}", e.body_text()))),
        }
    }
}

/// `None` where there is none, or an empty one.
pub fn header(headers: &HeaderMap, name: &str, rule: &TextRule) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    // A header value is bytes; ours are UTF-8.
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| Problem::unprocessable(format!("header {name} is not UTF-8")))?;
    let text = rule
        .or_nothing()
        .clean(text)
        .map_err(|problem| Problem::unprocessable(format!("header {name} {problem}")))?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Cuts `items`, which may hold one more than `limit`, to a page. Answers the cursor of the next one.
pub fn cut_page<T, P: Place>(items: &mut Vec<T>, limit: i64, place: impl Fn(&T) -> P) -> Option<String> {
    let has_more = items.len() as i64 > limit;
    items.truncate(limit as usize);
    items.last().filter(|_| has_more).map(|last| place(last).text())
}

pub fn decode_cursor<P: Place>(cursor: Option<&str>) -> Result<Option<P>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let place = P::read(cursor);
    place.map(Some).ok_or_else(|| Problem::bad_request("cursor is not one of ours; start again without it"))
}

/// A page size within bounds: 50 unless asked, 500 at most.
pub fn page_limit(asked: Option<i64>) -> Result<i64, Problem> {
    match asked.unwrap_or(50) {
        limit @ 1..=500 => Ok(limit),
        limit => Err(Problem::bad_request(format!("limit {limit} is not between 1 and 500"))),
    }
}
