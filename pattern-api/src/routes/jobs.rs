use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use pattern_core::domain::{JobName, JobRun, RunStatus};
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
    extract::{Body, Params, Reviewer, page_limit},
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

#[derive(Debug, Serialize, ToSchema)]
struct Queues {
    items: Vec<QueueHealth>,
}

/// The job types: what waits, for how long, and whether any worker serves it.
#[utoipa::path(get, path = "/api/jobs", tag = "jobs", responses((status = 200, body = Queues)))]
async fn queues(State(state): State<AppState>) -> Result<Json<Queues>, Problem> {
    Ok(Json(Queues { items: state.store.queue_health().await? }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunParams {
    /// A job name, or `flywheel` or `learning` for chains.
    job: Option<String>,
    status: Option<RunStatus>,
    data_source: Option<String>,
    /// Only the stages of this chain.
    chain: Option<Uuid>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RunList {
    items: Vec<JobRun>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/api/jobs/runs", tag = "jobs", params(RunParams),
    responses((status = 200, body = RunList)))]
async fn runs(
    State(state): State<AppState>,
    Params(params): Params<RunParams>,
) -> Result<Json<RunList>, Problem> {
    let filter = RunFilter {
        job: params.job,
        status: params.status,
        data_source: params.data_source,
        chain_id: params.chain,
        limit: page_limit(params.limit)?,
        ..RunFilter::default()
    };
    Ok(Json(RunList { items: state.store.job_runs(&filter).await? }))
}

#[utoipa::path(get, path = "/api/jobs/runs/{id}", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = JobRun), (status = 404, body = Problem)))]
async fn run_one(State(state): State<AppState>, Path(id): Path<Uuid>) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.job_run(id).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TriggerRequest {
    /// Name of a data source; all of them without it.
    data_source: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Triggered {
    run_id: Uuid,
}

/// Runs a job now; `flywheel` runs the chain of analyses.
#[utoipa::path(post, path = "/api/jobs/{name}/run", tag = "jobs", params(("name" = String, Path)),
    request_body = TriggerRequest,
    responses((status = 202, body = Triggered), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn trigger(
    State(state): State<AppState>,
    Path(name): Path<String>,
    Reviewer(reviewer): Reviewer,
    body: Body<TriggerRequest>,
) -> Result<(StatusCode, Json<Triggered>), Problem> {
    let data_source = match &body.value.data_source {
        Some(name) => Some(state.store.data_source(name).await?.ok_or_else(|| {
            Problem::unprocessable(format!("data source '{name}' does not exist; import its points first"))
        })?),
        None => None,
    };
    let source_id = data_source.map(|source| source.id);
    let mut tx = state.store.pool().begin().await.map_err(StoreError::from)?;
    let run_id = match name.as_str() {
        "flywheel" => Store::start_flywheel(&mut tx, source_id, &reviewer).await?,
        _ => {
            let job: JobName = name.parse().map_err(|e| Problem::new(StatusCode::NOT_FOUND, e))?;
            let mut run = NewRun::new(job, reviewer);
            run.data_source_id = source_id;
            run.key = body.idempotency.map(|i| format!("request:{}:{job:?}:{}", run.triggered_by, i.key));
            match (Store::enqueue_run(&mut tx, &run).await?, &run.key) {
                (Some(id), _) => id,
                // The same request again: it gets the run it made then.
                (None, Some(key)) => state.store.job_run_by_key(key).await?.id,
                (None, None) => return Err(Problem::unprocessable("the run was not taken; ask again")),
            }
        }
    };
    tx.commit().await.map_err(StoreError::from)?;
    Ok((StatusCode::ACCEPTED, Json(Triggered { run_id })))
}

#[utoipa::path(post, path = "/api/jobs/runs/{id}/cancel", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = JobRun), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn cancel(State(state): State<AppState>, Path(id): Path<Uuid>) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.cancel_run(id).await?))
}

/// Runs a dead job again, with its attempts set back.
#[utoipa::path(post, path = "/api/jobs/runs/{id}/redrive", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = JobRun), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn redrive(State(state): State<AppState>, Path(id): Path<Uuid>) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.redrive_run(id).await?))
}

#[derive(Debug, Serialize, ToSchema)]
struct WorkerList {
    items: Vec<WorkerRow>,
}

/// Workers that were seen within the last day.
#[utoipa::path(get, path = "/api/workers", tag = "jobs", responses((status = 200, body = WorkerList)))]
async fn workers(State(state): State<AppState>) -> Result<Json<WorkerList>, Problem> {
    Ok(Json(WorkerList { items: state.store.workers().await? }))
}
