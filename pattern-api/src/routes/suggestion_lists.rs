//! What a reviewer looks for, and how much of it there is.

use axum::{Json, extract::State};
use pattern_core::domain::{PatternKind, Purpose, Suggestion, SuggestionStatus};
use pattern_store::{OpenCount, SuggestionFilter, SuggestionSort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    AppState,
    cursor::{self, Place},
    extract::{Params, decode_cursor, page_limit},
    principal::Viewer,
    problem::Problem,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(counts))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// What they are about.
    kind: Option<PatternKind>,
    /// Name of a data source.
    data_source: Option<String>,
    /// `pending` and `deferred` ones are open.
    status: Option<SuggestionStatus>,
    /// Id of the proposed pattern.
    pattern: Option<Uuid>,
    /// Why it is asked.
    purpose: Option<Purpose>,
    /// At least so likely to be right, 0 to 1.
    #[param(minimum = 0, maximum = 1)]
    min_confidence: Option<f64>,
    /// Words that must all occur in the names of its points, its subject, what it was approved as, its
    /// pattern, category or data source, whatever their case.
    #[param(max_length = 200)]
    search: Option<String>,
    /// `priority` unless given.
    #[param(inline)]
    sort: Option<SuggestionSort>,
    /// 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// How many to pass over, to go anywhere in the list.
    #[param(minimum = 0, maximum = 1_000_000_000)]
    offset: Option<i64>,
    /// Id of a suggestion: the page that has it in its middle. Goes before `offset`.
    around: Option<Uuid>,
    /// `next_cursor` of the page before, of the same `sort`: passes over none and gives none twice while the list
    /// changes.
    #[param(schema_with = cursor::key_form)]
    cursor: Option<String>,
}

/// Suggestions in the order that was asked for, true for `position` in the stream of events.
#[derive(Debug, Serialize, ToSchema)]
struct SuggestionList {
    items: Vec<Suggestion>,
    /// Null on the last page.
    next_cursor: Option<String>,
    /// Of all pages.
    total: i64,
    /// How many come before this page; null where it was asked for by `cursor`.
    offset: Option<i64>,
    /// Where to begin to listen on the WebSocket to miss nothing.
    position: String,
}

/// Lists suggestions, filtered, searched and sorted.
#[utoipa::path(get, path = "/api/suggestions", tag = "suggestions", params(ListParams),
    responses((status = 200, body = SuggestionList), (status = 400, body = Problem)))]
async fn list(
    State(state): State<AppState>,
    _: Viewer,
    Params(params): Params<ListParams>,
) -> Result<Json<SuggestionList>, Problem> {
    if params.min_confidence.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
        return Err(Problem::bad_request("min_confidence: is a probability, use 0 to 1"));
    }
    let sort = params.sort.unwrap_or_default();
    let after: Option<(Vec<u8>, Uuid)> = decode_cursor(params.cursor.as_deref())?;
    let by_cursor = after.is_some();
    let filter = SuggestionFilter {
        kind: params.kind,
        status: params.status,
        data_source: params.data_source,
        pattern_id: params.pattern,
        purpose: params.purpose,
        min_confidence: params.min_confidence,
        search: searched(params.search.as_deref())?.map(str::to_owned),
        sort,
        after: after.map(|(bytes, id)| (cursor::key(sort, &bytes), id)),
        around: params.around,
        offset: passed_over(params.offset)?,
        limit: page_limit(params.limit)?,
    };
    let page = state.store.list_suggestions(&filter).await?;
    let next_cursor = match page.items.last() {
        Some(last) if page.has_more => Some((cursor::key_bytes(sort.key(last)), last.id).text()),
        _ => None,
    };
    Ok(Json(SuggestionList {
        items: page.items,
        next_cursor,
        total: page.total,
        offset: (!by_cursor).then_some(page.offset),
        position: page.position.to_string(),
    }))
}

/// More than any list is long.
const MOST_PASSED_OVER: i64 = 1_000_000_000;

fn passed_over(offset: Option<i64>) -> Result<i64, Problem> {
    match offset.unwrap_or_default() {
        offset @ 0..=MOST_PASSED_OVER => Ok(offset),
        offset => {
            Err(Problem::bad_request(format!("offset {offset} is not between 0 and {MOST_PASSED_OVER}")))
        }
    }
}

/// Longer than anything that one looks for.
const SEARCH_CHARACTERS: usize = 200;

fn searched(search: Option<&str>) -> Result<Option<&str>, Problem> {
    match search.map(|text| text.chars().count()) {
        Some(length) if length > SEARCH_CHARACTERS => Err(Problem::bad_request(format!(
            "search is {length} characters long, {SEARCH_CHARACTERS} are allowed"
        ))),
        _ => Ok(search),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CountParams {
    /// What the suggestions are about.
    kind: Option<PatternKind>,
    /// Name of a data source.
    data_source: Option<String>,
    /// As in the list.
    #[param(max_length = 200)]
    search: Option<String>,
}

/// Counts by status and purpose.
#[derive(Debug, Serialize, ToSchema)]
struct OpenCounts {
    /// Only those that there are.
    items: Vec<OpenCount>,
}

/// How many suggestions are open, by status and purpose.
#[utoipa::path(get, path = "/api/suggestions/counts", tag = "suggestions", params(CountParams),
    responses((status = 200, body = OpenCounts)))]
async fn counts(
    State(state): State<AppState>,
    _: Viewer,
    Params(params): Params<CountParams>,
) -> Result<Json<OpenCounts>, Problem> {
    let search = searched(params.search.as_deref())?;
    let source = params.data_source.as_deref();
    Ok(Json(OpenCounts { items: state.store.count_open_suggestions(params.kind, source, search).await? }))
}
