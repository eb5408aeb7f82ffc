use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use pattern_core::domain::{
    JobName, JobRun, JobType, Lane, PRIORITIES, RunStatus, Scope, StartedBy, name_problem,
};
use pattern_store::{
    WorkerRow,
    jobs::{Order, QueueHealth, RunFilter},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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

/// The job types, and the queue of each.
#[derive(Debug, Serialize, ToSchema)]
struct Queues {
    items: Vec<Queue>,
}

/// A job type, and how its queue fares.
#[derive(Debug, Serialize, ToSchema)]
struct Queue {
    #[serde(flatten)]
    health: QueueHealth,
    /// What it declares; null of one that only another version knows.
    declared: Option<Declared>,
}

/// What a job type declares.
#[derive(Debug, Serialize, ToSchema)]
struct Declared {
    /// What it does.
    description: &'static str,
    /// JSON Schema of its arguments.
    #[schema(value_type = Object)]
    arguments: Value,
    /// What must not run twice at once.
    lane: Lane,
    /// Of a run that asks for none; 1 to 10, 10 is the most urgent.
    priority: i16,
    /// A run is dead after so many failed attempts, unless its worker is configured otherwise.
    max_attempts: i32,
    /// An attempt that takes longer is stopped, unless its worker is configured otherwise.
    timeout_seconds: u64,
    /// The scope that it takes to start a run, besides `operator`; null where runs are only ever parts of others.
    started_by: Option<Scope>,
    /// The job that its runs are parts of.
    #[schema(value_type = Option<String>)]
    part_of: Option<JobName>,
}

impl Declared {
    fn of(job: &JobType) -> Self {
        let (started_by, part_of) = match job.started_by {
            StartedBy::Anybody(scope) => (Some(scope), None),
            StartedBy::Run(whole) => (None, Some(whole)),
        };
        Self {
            description: job.description,
            arguments: job.schema(),
            lane: job.lane,
            priority: job.priority,
            max_attempts: job.max_attempts,
            timeout_seconds: job.timeout.as_secs(),
            started_by,
            part_of,
        }
    }
}

/// The job types: what they take, what waits, for how long, and whether any worker serves them.
#[utoipa::path(get, path = "/api/jobs", tag = "jobs", responses((status = 200, body = Queues)))]
async fn queues(State(state): State<AppState>, _: Viewer) -> Result<Json<Queues>, Problem> {
    let types = state.store.job_types();
    let mut known = state.store.queue_health().await?;
    let idle = types.iter().filter(|job| known.iter().all(|queue| queue.job != job.name.as_str()));
    known.extend(idle.map(|job| QueueHealth::idle(job.name)).collect::<Vec<_>>());
    known.sort_by(|a, b| a.job.cmp(&b.job));
    let declared = |health: &QueueHealth| types.named(&health.job).ok().map(Declared::of);
    let items = known.into_iter().map(|health| Queue { declared: declared(&health), health });
    Ok(Json(Queues { items: items.collect() }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
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
    /// What to do, as the job declares (`GET /api/jobs`).
    #[schema(value_type = Option<Object>)]
    arguments: Option<Value>,
    /// How urgent it is, 10 the most; as the job declares unless given.
    #[schema(minimum = 1, maximum = 10)]
    priority: Option<i16>,
    /// When it is too late: the run is dead if it has not ended by then.
    deadline: Option<DateTime<Utc>>,
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
    if let Some(priority) = body.value.priority.filter(|priority| !PRIORITIES.contains(priority)) {
        return Err(Problem::unprocessable(format!("priority: {priority} is not between 1 and 10")));
    }
    let order = Order {
        job: name,
        data_source_id: data_source.map(|source| source.id),
        arguments: body.value.arguments,
        priority: body.value.priority,
        deadline: body.value.deadline,
    };
    let run_id = state.store.order_run(&order, &by, body.idempotency.as_ref()).await?;
    Ok((StatusCode::ACCEPTED, Json(Triggered { run_id })))
}

/// There is nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Stops a run that waits or runs.
#[utoipa::path(post, path = "/api/jobs/runs/{id}/cancel", tag = "jobs", params(("id" = Uuid, Path)),
    request_body = Nothing,
    responses((status = 200, body = JobRun), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn cancel(
    State(state): State<AppState>,
    Operator(by): Operator,
    InPath(id): InPath<Uuid>,
    body: Body<Nothing>,
) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.cancel_run(id, &by.name, body.idempotency.as_ref()).await?))
}

/// Runs a dead job again, with its attempts set back and without its deadline.
#[utoipa::path(post, path = "/api/jobs/runs/{id}/redrive", tag = "jobs", params(("id" = Uuid, Path)),
    request_body = Nothing,
    responses((status = 200, body = JobRun), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn redrive(
    State(state): State<AppState>,
    Operator(by): Operator,
    InPath(id): InPath<Uuid>,
    body: Body<Nothing>,
) -> Result<Json<JobRun>, Problem> {
    Ok(Json(state.store.redrive_run(id, &by.name, body.idempotency.as_ref()).await?))
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
