//! Workers that die, or only seem to.

use pattern_core::domain::RunStatus;
use pattern_store::{Store, StoreError};
use serde_json::json;
use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;

use super::support::{Log, Queue, Worker, eventually, handler, maintenance, options};
use crate::support::somebody_waits_for_a_lock;

const DATABASE: &str = "NAIA_TEST_CHILD_DATABASE";
const BEHAVIOR: &str = "NAIA_TEST_CHILD_BEHAVIOR";

/// The body of the worker processes that the tests below start and lose; by itself it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_worker() {
    let Ok(url) = std::env::var(DATABASE) else { return };
    let behavior = std::env::var(BEHAVIOR).unwrap();
    let store = Store::connect_lazy(&url, 12).unwrap();
    let work = handler(move |_| {
        if behavior == "abort" {
            std::process::abort();
        }
        async {
            std::future::pending::<()>().await;
            Ok(json!({}))
        }
    });
    let mut few = options("child");
    few.max_attempts = Some(2);
    pattern_store::jobs::run_workers(store, few, work, CancellationToken::new()).await;
}

struct ChildWorker(Child);

impl ChildWorker {
    fn start(queue: &Queue, behavior: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["jobs::crash::child_worker", "--exact"])
            .env(DATABASE, &queue.database.url)
            .env(BEHAVIOR, behavior)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    async fn ends(&mut self) {
        eventually("the worker process ends", || std::future::ready(self.has_ended())).await;
    }
}

impl Drop for ChildWorker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_job_that_kills_its_process_is_stopped_after_its_attempts() {
    let queue = Queue::create().await;
    let id = queue.enqueue(maintenance()).await;
    for attempt in 1..=2 {
        ChildWorker::start(&queue, "abort").ends().await;
        assert_eq!(queue.store.job_run(id).await.unwrap().attempts, attempt);
    }
    // The third one finds the attempts used up, and lives.
    let mut child = ChildWorker::start(&queue, "abort");
    let run = queue.wait_for(id, RunStatus::Dead).await;
    assert_eq!(run.attempts, 2);
    assert!(run.error.unwrap().contains("the worker died in the middle of attempt 2"));
    assert!(!child.has_ended());
}

#[tokio::test]
async fn a_run_whose_worker_was_killed_is_finished_by_another() {
    let queue = Queue::create().await;
    let id = queue.enqueue(maintenance()).await;
    let child = ChildWorker::start(&queue, "hang");
    queue.wait_for(id, RunStatus::Running).await;
    drop(child);
    let log = Log::default();
    let worker = Worker::start(&queue.store, options("w"), log.handler());
    let run = queue.wait_for(id, RunStatus::Succeeded).await;
    assert_eq!((run.attempts, run.worker_id.as_deref()), (2, Some("w")));
    assert_eq!(log.attempts_of(id), [2]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_runs_once() {
    let queue = Queue::create().await;
    let log = Log::default();
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let blocking = {
        let log = log.clone();
        handler(move |context| {
            log.note(&context);
            // Blocks the thread until the other end is dropped.
            let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
            async { Ok(json!({})) }
        })
    };
    let other = queue.another_store();
    let workers = [
        Worker::start(&queue.store, options("a"), blocking.clone()),
        Worker::start(&other, options("b"), blocking),
    ];
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let id = queue.data_source(name).await;
        ids.push(queue.enqueue(maintenance().for_data_source(id)).await);
    }
    // All blocked for longer than it takes to think a silent worker dead, and every worker looked for such ones since.
    eventually("the workers live on", || async {
        queue
            .count(
                "select count(*) from job_runs
                 where status = 'running'
                   and started_at < (select min(last_seen) from apalis.workers) - interval '4 seconds'",
            )
            .await
            == 4
    })
    .await;
    drop(open);
    for id in &ids {
        queue.wait_for(*id, RunStatus::Succeeded).await;
        assert_eq!(log.attempts_of(*id), [1]);
    }
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_run_changes_hands_only_between_the_transactions_of_its_job() {
    let queue = Queue::create().await;
    let log = Log::default();
    let work = {
        let log = log.clone();
        handler(move |context| {
            log.note(&context);
            async move {
                if context.attempt == 1 {
                    context.cancelled.cancelled().await;
                }
                Ok(json!({}))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    let id = queue.enqueue(maintenance()).await;
    eventually("the first attempt", || async { !log.entries().is_empty() }).await;
    let mut writing = queue.store.pool().begin().await.unwrap();
    Store::confirm_attempt(&mut writing, id, 1).await.unwrap();

    // The worker is thought dead while its job writes.
    queue.execute("update apalis.jobs set status = 'Pending', lock_by = null").await;
    eventually("the next attempt waits", || somebody_waits_for_a_lock(&queue.store)).await;
    assert_eq!(queue.store.job_run(id).await.unwrap().attempts, 1);
    writing.commit().await.unwrap();
    queue.wait_for(id, RunStatus::Succeeded).await;
    assert_eq!(log.attempts_of(id), [1, 2]);
    worker.stop().await;
}

#[tokio::test]
async fn the_late_end_of_an_older_attempt_writes_nothing() {
    let queue = Queue::create().await;
    let log = Log::default();
    let late = {
        let (log, store) = (log.clone(), queue.another_store());
        handler(move |context| {
            log.note(&context);
            let store = store.clone();
            async move {
                if context.attempt > 1 {
                    return Ok(json!("second"));
                }
                // The worker is thought dead while it is not; when the job wants to write, the run
                // has been finished by the second attempt.
                sqlx::query("update apalis.jobs set status = 'Pending', lock_by = null")
                    .execute(store.pool())
                    .await
                    .unwrap();
                super::support::wait_for(&store, context.run_id, RunStatus::Succeeded).await;
                let mut conn = store.pool().acquire().await.unwrap();
                let refused = Store::confirm_attempt(&mut conn, context.run_id, context.attempt).await;
                assert!(matches!(refused, Err(StoreError::Conflict(_))));
                Ok(json!("first"))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), late);
    let id = queue.enqueue(maintenance()).await;
    let run = queue.wait_for(id, RunStatus::Succeeded).await;
    assert_eq!(run.result, Some(json!("second")));
    worker.stop().await;
    let run = queue.store.job_run(id).await.unwrap();
    assert_eq!((run.status, run.result), (RunStatus::Succeeded, Some(json!("second"))));
    assert_eq!(log.attempts_of(id), [1, 2]);
    eventually("no row left over", || async {
        queue.count("select count(*) from apalis.jobs where status <> 'Done'").await == 0
    })
    .await;
}
