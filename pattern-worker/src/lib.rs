//! The worker: runs jobs, keeps the schedule, takes in samples and relays events.

mod contact;
mod ingest;
mod input_version;
pub mod knowledge;
pub mod metrics;
pub mod opinions;
pub mod readings;
mod runner;
pub mod scheduler;
pub mod stages;

use anyhow::Context;
use pattern_bus::relay;
use pattern_config::WorkerConfig;
use pattern_core::domain::JobTypes;
use pattern_service::{NoArguments, Readiness, Service};
use pattern_store::{
    Store,
    jobs::{self, Handler},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub const SERVICE: Service = Service {
    name: "naia-pattern-worker",
    about: "Runs the jobs of Naia Patterns, takes in samples and relays events",
};

/// The command line of `naia-pattern-worker`.
pub fn command() -> clap::Command {
    pattern_service::command::<NoArguments>(SERVICE)
}

/// Runs until `shutdown`, then drains. It waits for PostgreSQL and goes on while Kafka is away.
///
/// Fails at once when the configuration makes no sense or a server refuses it, and later only when a part
/// of it breaks down for good.
pub async fn run(
    config: WorkerConfig,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let engine = config.pattern_engine.clone();
    run_with(config, JobTypes::shipped(), |store| stages::handler(store, engine), readiness, shutdown).await
}

/// As [`run`], with other job types, or other work behind them.
pub async fn run_with(
    config: WorkerConfig,
    types: JobTypes,
    handler: impl FnOnce(Store) -> Handler,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let shutdown = shutdown.child_token();
    let schedules = scheduler::schedules(&config.schedule)?;
    for all in [metrics::ALL, pattern_store::metrics::ALL, pattern_bus::metrics::ALL] {
        pattern_service::metrics::describe(all);
    }
    let store = pattern_service::store(&config.postgres)?.with_job_types(types);
    let kafka = pattern_service::kafka(&config.kafka)?;
    let options = runner::worker_options(&config.worker, store.job_types())?;
    let worker = options.name.clone();
    tracing::info!(worker, concurrency = options.concurrency, "worker starts");

    // From the first: what it says may be why PostgreSQL is waited for.
    let (watching, watch_shutdown) = (store.clone(), shutdown.clone());
    tokio::spawn(async move { watching.watch_server(watch_shutdown).await });
    let mut refusal = contact::meet_brokers(kafka.clone(), shutdown.clone());
    readiness.waiting("postgres does not answer yet, or is not of this version");
    tokio::select! {
        ready = store.wait_until_ready() => ready?,
        () = shutdown.cancelled() => return refusal.try_recv().map_or(Ok(()), |error| Err(error.into())),
    }
    let handler = handler(store.clone());
    let mut parts = JoinSet::new();
    // Jobs drain for a while; the relay goes on meanwhile, so that what they still write is published.
    let jobs_drained = CancellationToken::new();
    let drained = jobs_drained.clone().drop_guard();
    let (jobs_store, jobs_shutdown) = (store.clone(), shutdown.clone());
    parts.spawn(async move {
        let _drained = drained;
        jobs::run_workers(jobs_store, options, handler, jobs_shutdown).await;
    });
    parts.spawn(scheduler::run(store.clone(), schedules, shutdown.clone()));
    parts.spawn(ingest::run(kafka.clone(), config.kafka.group_id.clone(), store.clone(), shutdown.clone()));
    parts.spawn(relay::run(store.clone(), kafka, worker, jobs_drained));

    tokio::spawn(contact::watch_postgres(store.clone(), readiness, shutdown.clone()));

    let mut outcome = Ok(());
    while let Some(part) = parts.join_next().await {
        if let Err(error) = part {
            outcome = Err(error).context("a part of the worker broke down; the rest is stopped");
        } else if !shutdown.is_cancelled() {
            outcome = Err(anyhow::anyhow!("a part of the worker ended by itself; the rest is stopped"));
        }
        if outcome.is_err() {
            shutdown.cancel();
        }
    }
    store.close().await;
    tracing::info!("worker has ended");
    refusal.try_recv().map_or(outcome, |error| Err(error.into()))
}
