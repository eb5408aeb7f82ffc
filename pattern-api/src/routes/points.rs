use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{
    DataSource, NamedSample, Opinion, Point, Sample, name_problem, quality::QualityScale,
};
use pattern_store::CorrelatedPair;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    AppState,
    cursor::Place,
    extract::{Body, InPath, Params, decode_cursor, page_limit},
    posted_samples::{PostedSamples, RejectedSample},
    principal::{Operator, Viewer},
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

/// Every data source, by name.
#[derive(Debug, Serialize, ToSchema)]
struct DataSourceList {
    items: Vec<DataSource>,
}

/// Lists where points come from.
#[utoipa::path(get, path = "/api/data-sources", tag = "points",
    responses((status = 200, body = DataSourceList)))]
async fn data_sources(State(state): State<AppState>, _: Viewer) -> Result<Json<DataSourceList>, Problem> {
    Ok(Json(DataSourceList { items: state.store.data_sources().await? }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Name of a data source.
    data_source: Option<String>,
    /// Part of the name, unit or description.
    search: Option<String>,
    /// 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<Uuid>)]
    cursor: Option<String>,
}

/// Points by data source and name.
#[derive(Debug, Serialize, ToSchema)]
struct PointList {
    items: Vec<Point>,
    next_cursor: Option<String>,
    total: i64,
}

/// Lists points, or searches them.
#[utoipa::path(get, path = "/api/points", tag = "points", params(ListParams),
    responses((status = 200, body = PointList)))]
async fn list(
    State(state): State<AppState>,
    _: Viewer,
    Params(params): Params<ListParams>,
) -> Result<Json<PointList>, Problem> {
    let limit = page_limit(params.limit)? as u32;
    let after: Option<Uuid> = decode_cursor(params.cursor.as_deref())?;
    let (source, search) = (params.data_source.as_deref(), params.search.as_deref());
    let page = state.store.points(source, search, after, limit).await?;
    let next_cursor = page.next_cursor.as_ref().map(Place::text);
    Ok(Json(PointList { items: page.items, next_cursor, total: page.total }))
}

/// A point, what the engine thinks likeliest of it, and what moves with it.
#[derive(Debug, Serialize, ToSchema)]
struct PointDetail {
    #[serde(flatten)]
    point: Point,
    /// Null where it thinks nothing likely.
    opinion: Option<Opinion>,
    /// The ten points that move most with it.
    moves_with: Vec<CorrelatedPair>,
}

/// Of one point.
const MOVES_WITH: i64 = 10;

/// One point, what the engine thinks likeliest of it, and what moves with it.
#[utoipa::path(get, path = "/api/points/{id}", tag = "points", params(("id" = Uuid, Path)),
    responses((status = 200, body = PointDetail), (status = 404, body = Problem)))]
async fn one(
    State(state): State<AppState>,
    _: Viewer,
    InPath(id): InPath<Uuid>,
) -> Result<Json<PointDetail>, Problem> {
    let point = point(&state, id).await?;
    let opinion = state.store.opinion(id).await?;
    let moves_with = state.store.moves_with(id, MOVES_WITH).await?;
    Ok(Json(PointDetail { point, opinion, moves_with }))
}

async fn point(state: &AppState, id: Uuid) -> Result<Point, Problem> {
    let found = state.store.point(id).await?;
    found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("point {id} does not exist")))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SampleParams {
    /// Defaults to a day before `to`. An answer covers at most 31 days from here on.
    from: Option<DateTime<Utc>>,
    /// Defaults to now.
    to: Option<DateTime<Utc>>,
}

/// 1990-01-01. What says to be older is no sample.
const EARLIEST_SAMPLE: DateTime<Utc> = DateTime::from_timestamp(631_152_000, 0).expect("a time");
/// An answer stops at the end of the day with which it has so many.
const ENOUGH_SAMPLES: usize = 100_000;

/// Samples in the order of their times.
#[derive(Debug, Serialize, ToSchema)]
struct SampleList {
    #[schema(value_type = Vec<Object>)]
    samples: Vec<Sample>,
    /// There may be more: ask again with this as `from` and the same `to`.
    next_from: Option<DateTime<Utc>>,
}

/// The samples of a point, 31 days at a time.
#[utoipa::path(get, path = "/api/points/{id}/samples", tag = "points",
    params(("id" = Uuid, Path), SampleParams),
    responses((status = 200, body = SampleList), (status = 404, body = Problem)))]
async fn samples(
    State(state): State<AppState>,
    _: Viewer,
    InPath(id): InPath<Uuid>,
    Params(params): Params<SampleParams>,
) -> Result<Json<SampleList>, Problem> {
    let (mut start, to) = asked_time(&params, state.store.now())?;
    let enough = start + Duration::days(31);
    let point = point(&state, id).await?;
    let keys = state.store.point_keys(&point.data_source, std::slice::from_ref(&point.name)).await?;
    let mut samples = Vec::new();
    let Some(key) = keys.get(&point.name).copied() else {
        return Ok(Json(SampleList { samples, next_from: None }));
    };
    while start < to.min(enough) && samples.len() < ENOUGH_SAMPLES {
        let end = to.min(start + Duration::days(1));
        samples.append(&mut state.store.read_samples(&[key], start, end).await?.pop().unwrap_or_default());
        start = end;
    }
    Ok(Json(SampleList { samples, next_from: (start < to).then_some(start) }))
}

/// Samples are from 1990 on and at most a day ahead, so that nothing is missed by looking no further.
fn asked_time(params: &SampleParams, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Problem> {
    if params.from.zip(params.to).is_some_and(|(from, to)| from >= to) {
        return Err(Problem::bad_request("from must be before to"));
    }
    let latest = now + Duration::days(1);
    let to = params.to.unwrap_or(now).clamp(EARLIEST_SAMPLE, latest);
    let from = params.from.unwrap_or(to - Duration::days(1)).clamp(EARLIEST_SAMPLE, latest);
    Ok((from, to))
}

/// The 100 000 samples that one request may hold fit in.
const SAMPLES_LIMIT: usize = 16 * 1024 * 1024;
/// Who sends samples hears within so long that they are taken, or that they may not be.
const TAKEN_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Body of `POST /api/samples`.
#[derive(Debug, Deserialize, ToSchema)]
struct PostSamples {
    #[schema(min_length = 1, max_length = 500)]
    data_source: String,
    /// What the numbers of `quality` mean: `zero-is-good` where it is missing, or `opc-da`, where 0 is bad.
    #[serde(default)]
    quality_scale: QualityScale,
    /// At most 100 000; each `{"name", "timestamp", "value", "quality"?}`.
    #[schema(value_type = Vec<NamedSample>)]
    samples: PostedSamples,
}

/// What became of the samples.
#[derive(Debug, Serialize, ToSchema)]
struct TakenSamples {
    accepted: usize,
    rejected: Vec<RejectedSample>,
}

/// Takes samples over to `naia.datapoints`; a worker stores them.
#[utoipa::path(post, path = "/api/samples", tag = "points", request_body = PostSamples,
    responses((status = 202, body = TakenSamples)))]
async fn post_samples(
    State(state): State<AppState>,
    _: Operator,
    body: Body<PostSamples, SAMPLES_LIMIT>,
) -> Result<(StatusCode, Json<TakenSamples>), Problem> {
    let PostSamples { data_source, quality_scale, samples } = body.value;
    if let Some(reason) = name_problem(&data_source) {
        return Err(Problem::unprocessable(format!(
            "data_source: {reason}; name where the samples come from"
        )));
    }
    let (good, rejected) = samples.judged(state.store.now(), quality_scale);
    let accepted = good.len();
    // Else the client would wait until the producer gives up.
    if let Some(problem) = state.hub.kafka_is_away().filter(|_| accepted > 0) {
        return Err(Problem::unavailable(format!("samples cannot be taken now: {problem}; send them again")));
    }
    let publish =
        pattern_bus::datapoints::publish_batches(&state.producer, &state.kafka, &data_source, &good);
    let published = match tokio::time::timeout(TAKEN_WITHIN, publish).await {
        Ok(published) => published.map_err(|error| error.to_string()),
        Err(_) => Err(format!("kafka did not answer within {} s", TAKEN_WITHIN.as_secs())),
    };
    published.map_err(|why| {
        Problem::unavailable(format!("samples cannot be taken now: {why}; send them again"))
    })?;
    Ok((StatusCode::ACCEPTED, Json(TakenSamples { accepted, rejected })))
}
