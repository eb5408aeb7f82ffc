use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{DataSource, NamedSample, Point, Sample, absurd_timestamp, name_problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    AppState,
    extract::{Body, InPath, Params, decode_cursor, encode_cursor, page_limit},
    problem::Problem,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(data_sources))
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(samples))
        .routes(routes!(post_samples))
}

#[derive(Debug, Serialize, ToSchema)]
struct DataSourceList {
    items: Vec<DataSource>,
}

#[utoipa::path(get, path = "/api/data-sources", tag = "points",
    responses((status = 200, body = DataSourceList)))]
async fn data_sources(State(state): State<AppState>) -> Result<Json<DataSourceList>, Problem> {
    Ok(Json(DataSourceList { items: state.store.data_sources().await? }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    data_source: Option<String>,
    /// Part of the name, unit or description.
    search: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PointList {
    items: Vec<Point>,
    next_cursor: Option<String>,
    total: i64,
}

#[utoipa::path(get, path = "/api/points", tag = "points", params(ListParams),
    responses((status = 200, body = PointList)))]
async fn list(
    State(state): State<AppState>,
    Params(params): Params<ListParams>,
) -> Result<Json<PointList>, Problem> {
    let limit = page_limit(params.limit)? as u32;
    let after: Option<Uuid> = decode_cursor(params.cursor.as_deref())?;
    let (source, search) = (params.data_source.as_deref(), params.search.as_deref());
    let page = state.store.points(source, search, after, limit).await?;
    let next_cursor = page.next_cursor.as_ref().map(encode_cursor);
    Ok(Json(PointList { items: page.items, next_cursor, total: page.total }))
}

#[utoipa::path(get, path = "/api/points/{id}", tag = "points", params(("id" = Uuid, Path)),
    responses((status = 200, body = Point), (status = 404, body = Problem)))]
async fn one(State(state): State<AppState>, InPath(id): InPath<Uuid>) -> Result<Json<Point>, Problem> {
    Ok(Json(point(&state, id).await?))
}

async fn point(state: &AppState, id: Uuid) -> Result<Point, Problem> {
    let found = state.store.point(id).await?;
    found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("point {id} does not exist")))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SampleParams {
    /// Defaults to a day before `to`.
    from: Option<DateTime<Utc>>,
    /// Defaults to now.
    to: Option<DateTime<Utc>>,
}

/// An answer stops at the end of the day with which it has so many.
const ENOUGH_SAMPLES: usize = 100_000;

#[derive(Debug, Serialize, ToSchema)]
struct SampleList {
    #[schema(value_type = Vec<Object>)]
    samples: Vec<Sample>,
    /// There may be more: ask again with this as `from` and the same `to`.
    next_from: Option<DateTime<Utc>>,
}

#[utoipa::path(get, path = "/api/points/{id}/samples", tag = "points",
    params(("id" = Uuid, Path), SampleParams),
    responses((status = 200, body = SampleList), (status = 404, body = Problem)))]
async fn samples(
    State(state): State<AppState>,
    InPath(id): InPath<Uuid>,
    Params(params): Params<SampleParams>,
) -> Result<Json<SampleList>, Problem> {
    let (mut start, to) = asked_time(&params, state.store.now())?;
    let point = point(&state, id).await?;
    let keys = state.store.point_keys(&point.data_source, std::slice::from_ref(&point.name)).await?;
    let mut samples = Vec::new();
    let Some(key) = keys.get(&point.name).copied() else {
        return Ok(Json(SampleList { samples, next_from: None }));
    };
    while start < to && samples.len() < ENOUGH_SAMPLES {
        let end = to.min(start + Duration::days(1));
        samples.append(&mut state.store.read_samples(&[key], start, end).await?.pop().unwrap_or_default());
        start = end;
    }
    Ok(Json(SampleList { samples, next_from: (start < to).then_some(start) }))
}

fn asked_time(params: &SampleParams, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Problem> {
    let to = params.to.unwrap_or(now);
    let from = params.from.or_else(|| to.checked_sub_signed(Duration::days(1))).unwrap_or(to);
    if let Some(reason) = absurd_timestamp(from, now) {
        return Err(Problem::bad_request(format!("from can not be: {reason}")));
    }
    if from >= to || to - from > Duration::days(31) {
        return Err(Problem::bad_request("from must be before to, and at most 31 days apart"));
    }
    Ok((from, to))
}

/// Body of `POST /api/samples`.
#[derive(Debug, Deserialize, ToSchema)]
struct PostSamples {
    #[schema(min_length = 1, max_length = 500)]
    data_source: String,
    /// At most 100 000; each `{"name", "timestamp", "value", "quality"?}`.
    #[schema(value_type = Vec<NamedSample>)]
    samples: Vec<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PostedSamples {
    accepted: usize,
    rejected: Vec<RejectedSample>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RejectedSample {
    index: usize,
    reason: String,
}

/// Takes samples over to `naia.datapoints`; a worker stores them.
#[utoipa::path(post, path = "/api/samples", tag = "points", request_body = PostSamples,
    responses((status = 202, body = PostedSamples), (status = 422, body = Problem),
              (status = 503, body = Problem)))]
async fn post_samples(
    State(state): State<AppState>,
    body: Body<PostSamples>,
) -> Result<(StatusCode, Json<PostedSamples>), Problem> {
    let request = body.value;
    if let Some(reason) = name_problem(&request.data_source) {
        return Err(Problem::unprocessable(format!(
            "data_source: {reason}; name where the samples come from"
        )));
    }
    if request.samples.len() > 100_000 {
        return Err(Problem::unprocessable("more than 100000 samples at once; send several requests"));
    }
    let now = state.store.now();
    let mut good = Vec::with_capacity(request.samples.len());
    let mut rejected = Vec::new();
    for (index, sample) in request.samples.into_iter().enumerate() {
        match judge(sample, now) {
            Ok(sample) => good.push(sample),
            Err(reason) => rejected.push(RejectedSample { index, reason }),
        }
    }
    let accepted = good.len();
    pattern_bus::datapoints::publish_batches(&state.producer, &state.kafka, &request.data_source, &good)
        .await
        .map_err(|e| Problem::unavailable(format!("samples can not be taken now: {e}; send them again")))?;
    Ok((StatusCode::ACCEPTED, Json(PostedSamples { accepted, rejected })))
}

fn judge(sample: Value, now: DateTime<Utc>) -> Result<NamedSample, String> {
    let sample: NamedSample = serde_json::from_value(sample).map_err(|e| e.to_string())?;
    match sample.problem(now) {
        Some(reason) => Err(reason),
        None => Ok(sample),
    }
}
