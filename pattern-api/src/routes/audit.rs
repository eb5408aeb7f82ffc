//! Who did what, and when.

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::IntoResponse,
};
use chrono::{DateTime, Utc};
use futures_util::stream;
use pattern_core::domain::{AuditAction, AuditEntry};
use pattern_store::{AuditFilter, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    AppState, cursor,
    extract::{Params, cut_page, decode_cursor, page_limit},
    principal::Admin,
    problem::Problem,
};

/// Read from the database at once, of an export of any length.
const EXPORTED_AT_ONCE: i64 = 1_000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(entries)).routes(routes!(export))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AuditQuery {
    /// Only what this one did.
    actor: Option<String>,
    /// Only what is of this kind.
    action: Option<AuditAction>,
    /// Only what was done then or later …
    since: Option<DateTime<Utc>>,
    /// … and before this time.
    until: Option<DateTime<Utc>>,
    /// 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(schema_with = cursor::number_form)]
    cursor: Option<String>,
}

/// Entries of the audit log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct AuditList {
    items: Vec<AuditEntry>,
    next_cursor: Option<String>,
}

/// The audit log, the newest first: decisions, keys, sign-ins, and what people did to runs. It only grows.
#[utoipa::path(get, path = "/api/audit", tag = "access", params(AuditQuery), responses((status = 200, body = AuditList)))]
async fn entries(
    State(state): State<AppState>,
    _: Admin,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditList>, Problem> {
    let AuditQuery { actor, action, since, until, limit, cursor } = query;
    let limit = page_limit(limit)?;
    let before = decode_cursor::<i64>(cursor.as_deref())?;
    let filter = AuditFilter { actor, action, since, until };
    let mut items = state.store.audit_log(&filter, before, limit + 1).await?;
    let next_cursor = cut_page(&mut items, limit, |entry| entry.id);
    Ok(Json(AuditList { items, next_cursor }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// Only what this one did.
    actor: Option<String>,
    /// Only what is of this kind.
    action: Option<AuditAction>,
    /// Only what was done then or later …
    since: Option<DateTime<Utc>>,
    /// … and before this time.
    until: Option<DateTime<Utc>>,
}

/// The audit log as a file, one JSON object a line, the newest first.
#[utoipa::path(get, path = "/api/audit/export", tag = "access", params(ExportQuery),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
async fn export(
    State(state): State<AppState>,
    _: Admin,
    Params(query): Params<ExportQuery>,
) -> Result<impl IntoResponse, Problem> {
    let ExportQuery { actor, action, since, until } = query;
    let filter = AuditFilter { actor, action, since, until };
    // What cannot be read at all is answered as a problem; later, the download breaks off.
    let first = lines(&state.store, &filter, None).await?;
    let rest = stream::try_unfold(Some(first), move |page| {
        let (store, filter) = (state.store.clone(), filter.clone());
        async move {
            let Some((bytes, last)) = page else { return Ok::<_, StoreError>(None) };
            let next = match last {
                Some(last) => Some(lines(&store, &filter, Some(last)).await?),
                None => None,
            };
            Ok(Some((bytes, next)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"naia-audit.ndjson\""),
    ];
    Ok((headers, Body::from_stream(rest)))
}

/// The next lines, and the last entry of them unless there are no more.
async fn lines(
    store: &Store,
    filter: &AuditFilter,
    before: Option<i64>,
) -> Result<(Bytes, Option<i64>), StoreError> {
    let entries = store.audit_log(filter, before, EXPORTED_AT_ONCE).await?;
    let has_more = entries.len() as i64 == EXPORTED_AT_ONCE;
    let last = entries.last().filter(|_| has_more).map(|entry| entry.id);
    let mut text = Vec::new();
    for entry in &entries {
        serde_json::to_writer(&mut text, entry).expect("an entry is plain data");
        text.push(b'\n');
    }
    Ok((text.into(), last))
}
