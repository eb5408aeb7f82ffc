use axum::{Json, extract::State};
use pattern_core::domain::{
    ApproveRequest, DecisionAction, DeferRequest, RejectRequest, Suggestion, SuggestionDetail, UndoRequest,
};
use pattern_store::{DecisionRequest, Idempotency, NewDecision, RecentDecision, SuggestionStats};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    AppState, cursor,
    extract::{Body, InPath, Params, cut_page, decode_cursor, page_limit},
    principal::{Reviewer, Viewer},
    problem::Problem,
    suggestion_detail,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(stats))
        .routes(routes!(decisions))
        .routes(routes!(bulk))
        .routes(routes!(detail))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(defer))
        .routes(routes!(undo))
}

/// How many suggestions there are by status, and how they were answered.
#[utoipa::path(get, path = "/api/suggestions/stats", tag = "suggestions",
    responses((status = 200, body = SuggestionStats)))]
async fn stats(State(state): State<AppState>, _: Viewer) -> Result<Json<SuggestionStats>, Problem> {
    Ok(Json(state.store.suggestion_stats().await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DecisionParams {
    /// Only the decisions of this reviewer.
    reviewer: Option<String>,
    /// 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(schema_with = cursor::time_form)]
    cursor: Option<String>,
}

/// Decisions, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionList {
    items: Vec<RecentDecision>,
    /// Null on the last page.
    next_cursor: Option<String>,
}

/// The last decisions, newest first.
#[utoipa::path(get, path = "/api/decisions", tag = "suggestions", params(DecisionParams),
    responses((status = 200, body = DecisionList)))]
async fn decisions(
    State(state): State<AppState>,
    _: Viewer,
    Params(params): Params<DecisionParams>,
) -> Result<Json<DecisionList>, Problem> {
    let limit = page_limit(params.limit)?;
    let after = decode_cursor(params.cursor.as_deref())?;
    let reviewer = params.reviewer.as_deref();
    let mut items = state.store.recent_decisions(reviewer, after, limit + 1).await?;
    let next_cursor = cut_page(&mut items, limit, |last| (last.decided_at, last.id));
    Ok(Json(DecisionList { items, next_cursor }))
}

/// One suggestion with everything needed to judge it: points, roles, signals and the last decision.
#[utoipa::path(get, path = "/api/suggestions/{id}", tag = "suggestions", params(("id" = Uuid, Path)),
    responses((status = 200, body = SuggestionDetail), (status = 404, body = Problem)))]
async fn detail(
    State(state): State<AppState>,
    _: Viewer,
    InPath(id): InPath<Uuid>,
) -> Result<Json<SuggestionDetail>, Problem> {
    Ok(Json(suggestion_detail::load(&state, id).await?))
}

/// Says that it is right, with corrections: makes or extends equipment and binds its points.
#[utoipa::path(post, path = "/api/suggestions/{id}/approve", tag = "suggestions", params(("id" = Uuid, Path)),
    request_body = ApproveRequest,
    responses((status = 200, body = Suggestion), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
async fn approve(
    State(state): State<AppState>,
    InPath(id): InPath<Uuid>,
    reviewer: Reviewer,
    body: Body<ApproveRequest>,
) -> Result<Json<Suggestion>, Problem> {
    decide(state, id, reviewer, body, DecisionRequest::Approve).await
}

/// Says that it is wrong. It is not proposed so again.
#[utoipa::path(post, path = "/api/suggestions/{id}/reject", tag = "suggestions", params(("id" = Uuid, Path)),
    request_body = RejectRequest,
    responses((status = 200, body = Suggestion), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
async fn reject(
    State(state): State<AppState>,
    InPath(id): InPath<Uuid>,
    reviewer: Reviewer,
    body: Body<RejectRequest>,
) -> Result<Json<Suggestion>, Problem> {
    decide(state, id, reviewer, body, DecisionRequest::Reject).await
}

/// Puts it aside, for a time or until somebody decides.
#[utoipa::path(post, path = "/api/suggestions/{id}/defer", tag = "suggestions", params(("id" = Uuid, Path)),
    request_body = DeferRequest,
    responses((status = 200, body = Suggestion), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
async fn defer(
    State(state): State<AppState>,
    InPath(id): InPath<Uuid>,
    reviewer: Reviewer,
    body: Body<DeferRequest>,
) -> Result<Json<Suggestion>, Problem> {
    decide(state, id, reviewer, body, DecisionRequest::Defer).await
}

/// Takes the last decision back, of whatever kind: the suggestion is pending again.
#[utoipa::path(post, path = "/api/suggestions/{id}/undo", tag = "suggestions", params(("id" = Uuid, Path)),
    request_body = UndoRequest,
    responses((status = 200, body = Suggestion), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
async fn undo(
    State(state): State<AppState>,
    InPath(id): InPath<Uuid>,
    reviewer: Reviewer,
    body: Body<UndoRequest>,
) -> Result<Json<Suggestion>, Problem> {
    decide(state, id, reviewer, body, DecisionRequest::Undo).await
}

async fn decide<T>(
    state: AppState,
    id: Uuid,
    Reviewer(by): Reviewer,
    body: Body<T>,
    into_request: fn(T) -> DecisionRequest,
) -> Result<Json<Suggestion>, Problem> {
    let request = checked(into_request(body.value))?;
    let now = state.store.database_time().await?;
    let decided = state.store.decide(id, &request, &by.name, body.idempotency.as_ref(), now).await?;
    Ok(Json(decided))
}

/// With its texts as they are kept; what cannot be kept is refused before anything is looked up.
fn checked(request: DecisionRequest) -> Result<DecisionRequest, Problem> {
    match request {
        DecisionRequest::Approve(request) => request.checked().map(DecisionRequest::Approve),
        DecisionRequest::Reject(request) => request.checked().map(DecisionRequest::Reject),
        DecisionRequest::Defer(_) | DecisionRequest::Undo(_) => Ok(request),
    }
    .map_err(Problem::unprocessable)
}

/// One decision of `POST /api/suggestions/bulk`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", try_from = "AnyDecision")]
enum BulkDecision {
    Approve {
        id: Uuid,
        #[serde(flatten)]
        request: ApproveRequest,
    },
    Reject {
        id: Uuid,
        #[serde(flatten)]
        request: RejectRequest,
    },
    Defer {
        id: Uuid,
        #[serde(flatten)]
        request: DeferRequest,
    },
    Undo {
        id: Uuid,
        #[serde(flatten)]
        request: UndoRequest,
    },
}

/// A decision before its action says what else may be in it: flattened fields alone would let misspelt
/// ones pass.
#[derive(Deserialize)]
struct AnyDecision {
    id: Uuid,
    action: DecisionAction,
    #[serde(flatten)]
    request: Map<String, Value>,
}

impl BulkDecision {
    fn id(&self) -> Uuid {
        match self {
            Self::Approve { id, .. }
            | Self::Reject { id, .. }
            | Self::Defer { id, .. }
            | Self::Undo { id, .. } => *id,
        }
    }

    fn into_request(self) -> DecisionRequest {
        match self {
            Self::Approve { request, .. } => DecisionRequest::Approve(request),
            Self::Reject { request, .. } => DecisionRequest::Reject(request),
            Self::Defer { request, .. } => DecisionRequest::Defer(request),
            Self::Undo { request, .. } => DecisionRequest::Undo(request),
        }
    }
}

impl TryFrom<AnyDecision> for BulkDecision {
    type Error = serde_json::Error;

    fn try_from(AnyDecision { id, action, request }: AnyDecision) -> Result<Self, Self::Error> {
        let request = Value::Object(request);
        Ok(match action {
            DecisionAction::Approve => Self::Approve { id, request: serde_json::from_value(request)? },
            DecisionAction::Reject => Self::Reject { id, request: serde_json::from_value(request)? },
            DecisionAction::Defer => Self::Defer { id, request: serde_json::from_value(request)? },
            DecisionAction::Undo => Self::Undo { id, request: serde_json::from_value(request)? },
        })
    }
}

/// Body of `POST /api/suggestions/bulk`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkRequest {
    /// At most 100; each stands alone: one that fails leaves the others.
    decisions: Vec<BulkDecision>,
}

/// What became of each decision, in their order.
#[derive(Debug, Serialize, ToSchema)]
struct BulkAnswer {
    results: Vec<BulkResult>,
}

/// Exactly one of `suggestion` and `problem` is set.
#[derive(Debug, Serialize, ToSchema)]
struct BulkResult {
    id: Uuid,
    suggestion: Option<Suggestion>,
    problem: Option<Problem>,
}

/// Decides many suggestions at once, each on its own.
#[utoipa::path(post, path = "/api/suggestions/bulk", tag = "suggestions", request_body = BulkRequest,
    responses((status = 200, body = BulkAnswer), (status = 422, body = Problem)))]
async fn bulk(
    State(state): State<AppState>,
    Reviewer(by): Reviewer,
    body: Body<BulkRequest>,
) -> Result<Json<BulkAnswer>, Problem> {
    let decisions = body.value.decisions;
    if decisions.len() > 100 {
        return Err(Problem::unprocessable(format!(
            "{} decisions are too many; send 100 at most",
            decisions.len()
        )));
    }
    // Each decision keeps its own answer, so that a repeated bulk does not act twice.
    let own = |id: Uuid| {
        let whole = body.idempotency.as_ref()?;
        Some(Idempotency { key: format!("{}/{id}", whole.key), ..whole.clone() })
    };
    let mut refused = BTreeMap::new();
    let mut accepted = Vec::new();
    let ids: Vec<Uuid> = decisions.iter().map(BulkDecision::id).collect();
    for (index, decision) in decisions.into_iter().enumerate() {
        let id = decision.id();
        match checked(decision.into_request()) {
            Ok(request) => accepted.push(NewDecision { id, request, idempotency: own(id) }),
            Err(problem) => drop(refused.insert(index, problem)),
        }
    }
    let now = state.store.database_time().await?;
    let mut decided = state.store.decide_all(&accepted, &by.name, now).await.into_iter();
    let mut answer = |(index, id)| {
        let outcome = match refused.remove(&index) {
            Some(problem) => Err(problem),
            None => decided.next().expect("an outcome for each decision").map_err(Problem::from),
        };
        match outcome {
            Ok(suggestion) => BulkResult { id, suggestion: Some(suggestion), problem: None },
            Err(problem) => BulkResult { id, suggestion: None, problem: Some(problem) },
        }
    };
    let results = ids.into_iter().enumerate().map(&mut answer).collect();
    Ok(Json(BulkAnswer { results }))
}
