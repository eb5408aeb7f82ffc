use apalis_core::{
    error::{BoxDynError, WorkerError},
    worker::{builder::WorkerBuilder, context::WorkerContext},
};
use apalis_postgres::Config;
use futures_util::future::BoxFuture;
use pattern_core::domain::{JobType, JobTypes};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Handler,
    backend::{Delivery, QueueBackend, Shared},
    bell::Bell,
    deliveries,
    watch::Running,
};
use crate::{Result, Store, outage};

/// How a process works on jobs.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Shown in `workers` and in the runs.
    pub name: String,
    /// The job types that it pulls.
    pub capabilities: Vec<JobType>,
    /// Jobs at once, over all types.
    pub concurrency: usize,
    /// A run is dead after so many failed attempts; as its job declares unless given.
    pub max_attempts: Option<i32>,
    /// An attempt that takes longer is stopped and tried again; as its job declares unless given.
    pub job_timeout: Option<Duration>,
    /// Wait after the first failed attempt; each further one is three times as long.
    pub retry_delay: Duration,
    /// A worker silent for three heartbeats is thought dead; its runs go to others. Whole seconds.
    pub heartbeat: Duration,
    /// How often to look without being told.
    pub poll: Duration,
    /// How long running jobs may go on after shutdown began.
    pub grace: Duration,
    /// How long a job that was told to stop may take to do so.
    pub patience: Duration,
}

impl WorkerOptions {
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            capabilities: JobTypes::shipped().iter().copied().collect(),
            concurrency: 4,
            max_attempts: None,
            job_timeout: None,
            retry_delay: Duration::from_secs(2),
            heartbeat: Duration::from_secs(5),
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(10),
            patience: Duration::from_secs(5),
        }
    }
}

const MISSED_HEARTBEATS: usize = 3;

/// What the jobs of one process share.
pub(super) struct Executor {
    pub store: Store,
    pub options: WorkerOptions,
    pub handler: Handler,
    pub running: Running,
    pub shared: Shared,
    /// The grace is over: running jobs are told to stop.
    pub hurry: CancellationToken,
    /// The process ends: nothing is waited for any more.
    pub ending: CancellationToken,
}

/// Pulls and runs jobs until `shutdown`, then lets running jobs end or gives them back.
///
/// While PostgreSQL is away it waits; it does not fail.
pub async fn run_workers(
    store: Store,
    options: WorkerOptions,
    handler: Handler,
    shutdown: CancellationToken,
) {
    let bells: Vec<Bell> = options.capabilities.iter().map(|_| Bell::default()).collect();
    let shared = Shared {
        store: store.clone(),
        slots: Arc::new(Semaphore::new(options.concurrency)),
        bells: bells.clone(),
        queues: options
            .capabilities
            .iter()
            .filter(|job| !job.fills_a_worker && !job.needs_right_clock)
            .map(|job| job.name.as_str().to_owned())
            .collect(),
        shutdown: shutdown.clone(),
    };
    let executor = Arc::new(Executor {
        store,
        options,
        handler,
        running: Running::default(),
        shared: shared.clone(),
        hurry: CancellationToken::new(),
        ending: CancellationToken::new(),
    });
    // Two processes may carry the same name by mistake; their queues must still be told apart.
    let instance = format!("{}#{}", executor.options.name, Uuid::new_v4().simple());
    let mut queues = JoinSet::new();
    for (job, bell) in executor.options.capabilities.iter().zip(bells) {
        let queue_worker = format!("{instance}/{}", job.name);
        queues.spawn(serve_queue(executor.clone(), shared.clone(), *job, queue_worker, bell));
    }
    let watch = tokio::spawn(watch(executor.clone()));
    let listen = tokio::spawn(listen(executor.clone()));

    shutdown.cancelled().await;
    tracing::info!("no new jobs are taken; running ones may go on for {:?}", executor.options.grace);
    let drained = drain(&mut queues, executor.options.grace).await;
    if !drained {
        executor.hurry.cancel();
        if !drain(&mut queues, executor.options.patience + Duration::from_secs(5)).await {
            executor.ending.cancel();
            drain(&mut queues, Duration::from_secs(5)).await;
        }
    }
    executor.ending.cancel();
    listen.abort();
    end(watch).await;
    let stopped = executor.store.worker_stopped(&executor.options.name);
    if !matches!(timeout(Duration::from_secs(5), stopped).await, Ok(Ok(()))) {
        tracing::warn!("postgres is away; this worker will be thought dead after a while");
    }
}

async fn drain(queues: &mut JoinSet<()>, within: Duration) -> bool {
    timeout(within, async { while queues.join_next().await.is_some() {} }).await.is_ok()
}

async fn end(task: JoinHandle<()>) {
    if let Err(error) = task.await
        && error.is_panic()
    {
        tracing::error!(%error, "a task of the worker panicked");
    }
}

/// Keeps one queue's apalis worker going.
async fn serve_queue(
    executor: Arc<Executor>,
    shared: Shared,
    job: JobType,
    queue_worker: String,
    bell: Bell,
) {
    let mut restarts = 0;
    while !shared.shutdown.is_cancelled() {
        // A name that was used before could still be held by the worker that failed.
        let name = if restarts == 0 { queue_worker.clone() } else { format!("{queue_worker}~{restarts}") };
        run_queue(&executor, &shared, job, &name, &bell).await;
        let given_back = async {
            let mut conn = executor.store.pool().acquire().await?;
            deliveries::give_back_all_of(&mut conn, &name).await
        };
        if let Err(error) = given_back.await {
            tracing::warn!(%error, queue = %job.name, "fetched jobs go to others once this worker is thought dead");
        }
        restarts += 1;
        if !shared.shutdown.is_cancelled() {
            tracing::error!(queue = %job.name, "the queue's worker ended; it is started again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn run_queue(executor: &Arc<Executor>, shared: &Shared, job: JobType, name: &str, bell: &Bell) {
    let config = Config::default()
        .queue(job.name.as_str())
        // Never more than there are free slots: see the backend.
        .batch_size(executor.options.concurrency.clamp(1, 64))
        .heartbeat_interval(executor.options.heartbeat)
        .missed_heartbeats(MISSED_HEARTBEATS);
    // A second one would wait better with another worker.
    let at_once = if job.fills_a_worker { 1 } else { executor.options.concurrency };
    let backend = QueueBackend::new(shared.clone(), config, bell.clone(), job, at_once);
    let context = WorkerContext::new(name);
    let worker = apalis_worker(&context, backend, executor.clone(), name.into());
    let stop = async {
        shared.shutdown.cancelled().await;
        // Refused until the worker has started.
        while context.stop().is_err() && !context.is_shutting_down() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = worker => if let Err(error) = ended {
            tracing::error!(queue = %job.name, %error, "the queue's worker failed");
        },
        () = stop => {}
    }
}

/// Boxed here because the compiler cannot see through the type of a running worker.
fn apalis_worker(
    context: &WorkerContext,
    backend: QueueBackend,
    executor: Arc<Executor>,
    name: Arc<str>,
) -> BoxFuture<'static, Result<(), WorkerError>> {
    let work = move |delivery: Delivery| {
        let (executor, name) = (executor.clone(), name.clone());
        async move {
            // Spawned, so that the worker's own polling goes on beside it.
            end(tokio::spawn(async move { executor.execute(delivery, &name).await })).await;
            Ok::<(), BoxDynError>(())
        }
    };
    Box::pin(WorkerBuilder::new(context).backend(backend).build(work).run())
}

/// Rings every bell when a job was queued, and now and then in case that went unheard.
async fn listen(executor: Arc<Executor>) {
    let mut listener = executor.store.listener(deliveries::CHANNEL, executor.options.poll);
    loop {
        listener.wait().await;
        executor.shared.bells.iter().for_each(Bell::ring);
    }
}

/// Heartbeats, and a look at whether running jobs were cancelled.
async fn watch(executor: Arc<Executor>) {
    let capabilities: Vec<String> =
        executor.options.capabilities.iter().map(|job| job.name.as_str().to_owned()).collect();
    let hostname = hostname();
    let mut next_beat = Instant::now();
    let mut failing = false;
    loop {
        let seen = async {
            if Instant::now() >= next_beat {
                next_beat = Instant::now() + executor.options.heartbeat;
                executor.store.worker_seen(&executor.options.name, &hostname, &capabilities).await?;
                executor.store.end_overdue_runs().await?;
            }
            executor.running.look(&executor.store).await
        };
        let seen: Result<()> = seen.await;
        if let Err(error) = &seen
            && !failing
        {
            outage::tell(error, "the worker cannot report");
        }
        failing = seen.is_err();
        tokio::select! {
            () = tokio::time::sleep(executor.options.poll) => {}
            () = executor.ending.cancelled() => return,
        }
    }
}

/// The machine's name, as people know it.
pub fn hostname() -> String {
    // Not from /proc/sys, which a hardened service does not see.
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| "unknown".into())
}
