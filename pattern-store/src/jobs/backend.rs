//! The part that apalis's worker polls: its own tables and statements, with our rules for when to
//! fetch, when to listen and when to think another worker dead.

use apalis_core::{
    backend::{
        Backend, BackendConfig,
        finalize::Ephemeral,
        persistence::{Persisted, Persistence, State, TaskEvent},
    },
    task::Task,
    worker::context::WorkerContext,
};
use apalis_postgres::{Config, Error, queries};
use pattern_core::domain::JobType;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tower::layer::util::Identity;
use uuid::Uuid;

use super::{bell::Bell, deliveries};
use crate::{Result, Store, outage};

const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A run on its way to the executor, holding the slot that it will run in.
#[derive(Debug)]
pub(super) struct Delivery {
    pub id: String,
    pub run_id: Uuid,
    pub slot: Slot,
}

/// Leave to run one job.
#[derive(Debug)]
pub(super) struct Slot {
    _of_process: OwnedSemaphorePermit,
    _of_queue: OwnedSemaphorePermit,
}

/// What the queues of one process share.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub store: Store,
    /// One for each job that may run at once, whatever its type.
    pub slots: Arc<Semaphore>,
    /// One for each queue.
    pub bells: Vec<Bell>,
    /// The queues whose runs are worth leaving a slot to: those that can take any.
    pub queues: Arc<[String]>,
    pub shutdown: CancellationToken,
}

impl Shared {
    /// To be called whenever a slot may have become free: queues that found none look again.
    pub fn slots_were_freed(&self) {
        self.bells.iter().for_each(Bell::ring_if_hungry);
    }
}

/// One queue as its worker sees it.
pub(super) struct QueueBackend {
    persisted: Persisted<Queue>,
    config: Config,
    bell: Bell,
}

impl QueueBackend {
    /// Of this queue, at most `at_once` jobs run in the process.
    pub fn new(shared: Shared, config: Config, bell: Bell, job: JobType, at_once: usize) -> Self {
        let queue = Queue {
            shared,
            slots: Arc::new(Semaphore::new(at_once)),
            config: config.clone(),
            bell: bell.clone(),
            needs_right_clock: job.needs_right_clock,
            memory: Arc::default(),
        };
        Self { persisted: Persisted::new(queue), config, bell }
    }
}

impl Backend for QueueBackend {
    type Task = Task<Delivery>;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        self.persisted.poll_ready(cx, worker, self.config.heartbeat_interval)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<Delivery>, Infallible>>> {
        loop {
            self.bell.register(cx.waker());
            let polled = self.persisted.poll_next(cx, worker);
            // `Ready` after `Pending` means that a fetch came back empty.
            let came_back_empty = polled.is_pending() && matches!(self.persisted.state(), State::Ready);
            if came_back_empty && self.bell.is_rung() && !worker.is_shutting_down() {
                continue;
            }
            return polled;
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        self.persisted.poll_close(cx, worker)
    }
}

impl BackendConfig for QueueBackend {
    type Args = Delivery;
    type Id = String;
    type Kind = Ephemeral;
    type Config = Config;
    // Ours is the acknowledgement: it is written with the run's ending, in one transaction.
    type Layer = Identity;

    fn config(&self) -> &Config {
        &self.config
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

/// Nothing here answers with an error: apalis would end the worker, while PostgreSQL being away is
/// to be waited out.
#[derive(Debug, Clone)]
struct Queue {
    shared: Shared,
    slots: Arc<Semaphore>,
    config: Config,
    bell: Bell,
    needs_right_clock: bool,
    /// Shared, because apalis polls a new clone each time.
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    last_beat: Option<Instant>,
    failures: u32,
}

impl Queue {
    fn name(&self) -> &str {
        self.config.queue.as_ref()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn try_register(&self, worker: &WorkerContext) -> Result<(), Error> {
        let store = &self.shared.store;
        // By this machine's clock, were it ahead, the worker would seem alive long after its death.
        let now = store.database_time().await.unwrap_or_else(|_| store.now());
        let mut conn = store.pool().acquire().await?;
        queries::register_worker(&mut *conn, self.name(), worker, &now.timestamp().into(), "naia").await
    }

    async fn try_heartbeat(&self, worker: &WorkerContext) -> Result<(), Error> {
        let mut conn = self.shared.store.pool().acquire().await?;
        match queries::keep_alive(&mut *conn, self.name(), worker).await {
            Err(Error::WorkerOutOfSync) => {
                drop(conn);
                self.try_register(worker).await?;
                return Ok(());
            }
            other => other?,
        }
        let now = Instant::now();
        let dead_for = self.config.orphaned_duration();
        // After an outage everybody looks dead. Who was silent itself gives the others time to speak.
        let last_beat = self.memory().last_beat.replace(now);
        let awake = last_beat.is_some_and(|last| now - last < dead_for);
        if awake {
            queries::reenqueue_orphaned(&mut *conn, self.name(), dead_for.as_secs().max(1)).await?;
        }
        Ok(())
    }

    /// How many slots to leave to runs in other queues of this process that are more urgent than all in this one.
    async fn slots_for_others(&self) -> usize {
        let asked = async {
            let mut conn = self.shared.store.pool().acquire().await?;
            deliveries::more_urgent(&mut conn, self.name(), &self.shared.queues).await
        };
        // Where PostgreSQL cannot be asked, nothing is fetched either.
        asked.await.unwrap_or_default()
    }

    fn take_slots(&self, most: usize) -> Vec<Slot> {
        let slot = || {
            let of_queue = self.slots.clone().try_acquire_owned().ok()?;
            let of_process = self.shared.slots.clone().try_acquire_owned().ok()?;
            Some(Slot { _of_process: of_process, _of_queue: of_queue })
        };
        std::iter::from_fn(slot).take(self.config.batch_size.min(most)).collect()
    }

    fn free_slots(&self) -> usize {
        self.slots.available_permits().min(self.shared.slots.available_permits())
    }

    /// Never fetches more than can run at once: what waits, waits where every worker can take it.
    async fn try_fetch(
        &self,
        worker: &WorkerContext,
        mut slots: Vec<Slot>,
    ) -> Result<Vec<Task<Delivery>>, Error> {
        let mut tx = self.shared.store.pool().begin().await?;
        let config = self.config.clone().batch_size(slots.len());
        let fetched = queries::fetch_next(&mut *tx, &config, worker).await?;
        let mut brought = Vec::new();
        for task in fetched {
            let id = task.task_id().map(ToString::to_string).unwrap_or_default();
            let Some(run_id) = deliveries::run_id(&task.args) else {
                tracing::error!(delivery = id, "a row of the queue names no run; it is put away");
                deliveries::done(&mut tx, &id).await.map_err(|e| sqlx::Error::Protocol(e.to_string()))?;
                continue;
            };
            let slot = slots.pop().expect("no more rows are fetched than slots are held");
            brought.push(task.map_args(|_| Delivery { id, run_id, slot }));
        }
        tx.commit().await?;
        Ok(brought)
    }

    /// Waits longer after each failure in a row, so that an outage costs next to nothing.
    async fn pause(&self, doing: &str, error: Error) {
        let failures = {
            let mut memory = self.memory();
            memory.failures = memory.failures.saturating_add(1);
            memory.failures.min(6)
        };
        let pause = Duration::from_millis(100).saturating_mul(1 << failures).min(LONGEST_PAUSE);
        tell(error, &format!("queue {}: cannot {doing}", self.name()));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.shared.shutdown.cancelled() => {}
        }
    }
}

fn tell(error: Error, what_failed: &str) {
    match error {
        Error::Database(error) => outage::tell(&error.into(), what_failed),
        other => tracing::warn!(error = %other, "{what_failed}, trying again"),
    }
}

impl Persistence for Queue {
    type Compact = Delivery;
    type Response = ();
    type Error = Infallible;

    async fn register(&mut self, worker: &WorkerContext) -> Result<(), Infallible> {
        while let Err(error) = self.try_register(worker).await {
            if self.shared.shutdown.is_cancelled() {
                break;
            }
            self.pause("register the worker", error).await;
        }
        Ok(())
    }

    async fn heartbeat(&mut self, worker: &WorkerContext) -> Result<(), Infallible> {
        if let Err(error) = self.try_heartbeat(worker).await {
            tell(error, &format!("queue {}: missed a heartbeat", self.name()));
        }
        Ok(())
    }

    async fn fetch_next(&mut self, worker: &WorkerContext) -> Result<Vec<Task<Delivery>>, Infallible> {
        self.bell.silence();
        // They are left to workers whose clocks are right.
        if self.needs_right_clock && !self.shared.store.clock_is_right() {
            return Ok(Vec::new());
        }
        let for_others = if self.free_slots() > 0 { self.slots_for_others().await } else { 0 };
        let slots = self.take_slots(self.free_slots().saturating_sub(for_others));
        if slots.is_empty() {
            self.bell.wait_for_slot();
            // One may have become free just before that was noted.
            if for_others == 0 && self.free_slots() > 0 {
                self.shared.slots_were_freed();
            }
            return Ok(Vec::new());
        }
        let fetched = self.try_fetch(worker, slots).await;
        self.shared.slots_were_freed();
        match fetched {
            Ok(tasks) => {
                self.memory().failures = 0;
                Ok(tasks)
            }
            Err(error) => {
                self.pause("fetch from the queue", error).await;
                Ok(Vec::new())
            }
        }
    }

    async fn reenqueue_abandoned(
        &mut self,
        tasks: Vec<Task<Delivery>>,
        _: &WorkerContext,
    ) -> Result<u64, Infallible> {
        // Given back by name once the worker has ended, with whatever else it had fetched.
        Ok(tasks.len() as u64)
    }

    async fn handle_events(&mut self, _: Vec<TaskEvent<()>>, _: &WorkerContext) -> Result<(), Infallible> {
        Ok(())
    }

    async fn push_tasks(&mut self, _: Vec<Task<Delivery>>) -> Result<(), Infallible> {
        Ok(())
    }
}
