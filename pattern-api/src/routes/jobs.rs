use axum::{Json, extract::State, http::StatusCode};
use pattern_core::domain::{JobName, JobRun, RunStatus, name_problem};
use pattern_store::{
    Store, StoreError, WorkerRow,
    jobs::{NewRun, QueueHealth, RunFilter},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    AppState,
    extract::{Body, InPath, Params, cut_page, decode_cursor, page_limit},
    principal::{Operator, Viewer},
    problem::Problem,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(queues))
        .routes(routes!(runs))
        .routes(routes!(run_one))
        .routes(routes!(trigger))
        .routes(routes!(cancel))
        .routes(routes!(redrive))
        .routes(routes!(workers))
}

/// The queue of each job type.
#[derive(Debug, Serialize, ToSchema)]
struct Queues {
    items: Vec<QueueHealth>,
}

/// The job types: what waits, for how long, and whether any worker serves it.
#[utoipa::path(get, path = "/api/jobs", tag = "jobs", responses((status = 200, body = Queues)))]
async fn queues(State(state): State<AppState>, _: Viewer) -> Result<Json<Queues>, Problem> {
    Ok(Json(Queues { items: state.store.queue_health().await? }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunParams {
    /// A job name, or `flywheel` or `learning` for chains.
    job: Option<String>,
    /// Where the runs stand.
    status: Option<RunStatus>,
    /// Name of a data source.
    data_source: Option<String>,
    /// Only the stages of this chain.
    chain: Option<Uuid>,
    /// Only the tiles of this run. Without it, tiles are listed only where their job is asked for.
    parent: Option<Uuid>,
    /// 50 unless given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<Uuid>)]
    cursor: Option<String>,
}

/// Runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct RunList {
    items: Vec<JobRun>,
    next_cursor: Option<String>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/api/jobs/runs", tag = "jobs", params(RunParams),
    responses((status = 200, body = RunList)))]
async fn runs(
    State(state): State<AppState>,
    _: Viewer,
    Params(params): Params<RunParams>,
) -> Result<Json<RunList>, Problem> {
    let limit = page_limit(params.limit)?;
    let filter = RunFilter {
        job: params.job,
        status: params.status,
        data_source: params.data_source,
        chain_id: params.chain,
        parent_id: params.parent,
        before: decode_cursor(params.cursor.as_deref())?,
        limit: limit + 1,
    };
    let mut items = state.store.job_runs(&filter).await?;
    let next_cursor = cut_page(&mut items, limit, |last| last.id);
    Ok(Json(RunList { items, next_cursor }))
}

/// One run of a job.
#[utoipa::path(get, path = "/api/jobs/runs/{id}", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = JobRun), (status = 404, body = Problem)))]
async fn run_one(
    State(state): State<AppState>,
    _: Viewer,
    InPath(id): InPath<Uuid>,
) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.job_run(id).await?))
}

/// Body of `POST /api/jobs/{name}/run`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TriggerRequest {
    /// Name of a data source; all of them without it.
    #[schema(min_length = 1, max_length = 500)]
    data_source: Option<String>,
}

/// The run that was made, or that waited already.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Triggered {
    run_id: Uuid,
}

/// Runs a job now; `flywheel` runs the chain of analyses.
#[utoipa::path(post, path = "/api/jobs/{name}/run", tag = "jobs", params(("name" = String, Path)),
    request_body = TriggerRequest,
    responses((status = 202, body = Triggered), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn trigger(
    State(state): State<AppState>,
    InPath(name): InPath<String>,
    Operator(by): Operator,
    body: Body<TriggerRequest>,
) -> Result<(StatusCode, Json<Triggered>), Problem> {
    if let Some(problem) = body.value.data_source.as_deref().and_then(name_problem) {
        return Err(Problem::unprocessable(format!("data_source: {problem}")));
    }
    let data_source = match &body.value.data_source {
        Some(name) => Some(state.store.data_source(name).await?.ok_or_else(|| {
            Problem::unprocessable(format!("data source '{name}' does not exist; import its points first"))
        })?),
        None => None,
    };
    let source_id = data_source.map(|source| source.id);
    let mut tx = state.store.pool().begin().await.map_err(StoreError::from)?;
    if let Some(key) = &body.idempotency
        && let Some(answer) = key.claim(&mut tx, &by.name).await?
    {
        return Ok((StatusCode::ACCEPTED, Json(answer)));
    }
    let run_id = match name.as_str() {
        "flywheel" => Store::start_flywheel(&mut tx, source_id, &by.name).await?,
        _ => {
            let job = JobName::named(&name).map_err(|e| Problem::new(StatusCode::NOT_FOUND, e))?;
            if job.is_part() {
                return Err(Problem::unprocessable(format!(
                    "job '{name}' is only ever a part of another one; run correlation-analysis"
                )));
            }
            let run = NewRun { data_source_id: source_id, ..NewRun::new(job, &by.name) };
            let taken = Store::enqueue_run(&mut tx, &run).await?;
            taken.ok_or_else(|| Problem::unprocessable("the run was not taken; ask again"))?
        }
    };
    let answer = Triggered { run_id };
    if let Some(key) = &body.idempotency {
        key.keep(&mut tx, &by.name, &answer).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Stops a run that waits or runs.
#[utoipa::path(post, path = "/api/jobs/runs/{id}/cancel", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = JobRun), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn cancel(
    State(state): State<AppState>,
    Operator(by): Operator,
    InPath(id): InPath<Uuid>,
) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.cancel_run(id, &by.name).await?))
}

/// Runs a dead job again, with its attempts set back.
#[utoipa::path(post, path = "/api/jobs/runs/{id}/redrive", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = JobRun), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn redrive(
    State(state): State<AppState>,
    Operator(by): Operator,
    InPath(id): InPath<Uuid>,
) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.redrive_run(id, &by.name).await?))
}

/// Workers by id.
#[derive(Debug, Serialize, ToSchema)]
struct WorkerList {
    items: Vec<WorkerRow>,
}

/// Workers that were seen within the last day.
#[utoipa::path(get, path = "/api/workers", tag = "jobs", responses((status = 200, body = WorkerList)))]
async fn workers(State(state): State<AppState>, _: Viewer) -> Result<Json<WorkerList>, Problem> {
    Ok(Json(WorkerList { items: state.store.workers().await? }))
}
