//! Errors as RFC 9457 problem details.

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use pattern_core::domain::SuggestionStatus;
use pattern_store::{DecideError, StoreError, outage};
use serde::Serialize;
use std::{any::Any, time::Duration};
use utoipa::ToSchema;

const FAILED: &str = "the request failed; the log of the api says why";

/// What went wrong, and what to do about it.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Problem {
    #[schema(example = "about:blank")]
    pub r#type: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// Seconds until asking again may help; a header.
    #[serde(skip)]
    pub retry_after: Option<u64>,
    /// Only where a suggestion was decided already, or changed meanwhile.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Box<Conflict>>,
}

/// How a suggestion is by now. (`status` of a problem is the HTTP status, by RFC 9457.)
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Conflict {
    pub suggestion_status: SuggestionStatus,
    pub version: i64,
    pub decided_by: String,
    pub decided_at: DateTime<Utc>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail: detail.into(),
            ..Self::default()
        }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// `wait`: until it may be asked again.
    pub fn too_many(wait: Duration, detail: impl Into<String>) -> Self {
        let retry_after = Some(wait.as_secs() + 1);
        Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(2), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                outage::tell(&error, "a request is refused");
                Self::unavailable("the database is not available; nothing was changed, try again shortly")
            }
            StoreError::Refused(cause) => {
                tracing::error!(%cause, "postgres does not take the api's connections");
                Self::unavailable("the database refuses the api, whose log says why; nothing was changed")
            }
            StoreError::NotMigrated(_) => Self::unavailable(error.to_string()),
            StoreError::UnknownJob(_) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            StoreError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            StoreError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            StoreError::Conflict(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            StoreError::EquipmentExists(_) => Self {
                r#type: "urn:naia:problem:equipment-exists".into(),
                ..Self::new(StatusCode::CONFLICT, error.to_string())
            },
            StoreError::Invalid(_) => Self::unprocessable(error.to_string()),
            StoreError::Database(_) | StoreError::Migration(_) | StoreError::Corrupt(_) => {
                // What the database says may hold data; it goes to the log, not to the client.
                tracing::error!(%error, "request failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, FAILED)
            }
        }
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Self {
        let detail = error.to_string();
        match error {
            DecideError::Store(error) => error.into(),
            DecideError::KeyReused => Self::unprocessable(detail),
            DecideError::Conflict { status, version, decided_by, decided_at } => {
                let conflict = Conflict { suggestion_status: status, version, decided_by, decided_at };
                Self { conflict: Some(Box::new(conflict)), ..Self::new(StatusCode::CONFLICT, detail) }
            }
        }
    }
}

/// For routes that exist with another method.
pub async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} cannot be asked with {method}; see /api/docs", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// For a handler that panicked.
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let words = cause.downcast_ref::<String>().map(String::as_str);
    let cause = words.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("no words");
    tracing::error!(cause, "a request panicked");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, FAILED).into_response()
}
