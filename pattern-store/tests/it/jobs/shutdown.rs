use pattern_core::domain::RunStatus;
use pattern_store::jobs::JobError;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

use super::support::{Log, Queue, Worker, eventually, handler, maintenance, options};

#[tokio::test]
async fn shutdown_lets_a_running_job_end() {
    let queue = Queue::create().await;
    let (log, gate) = (Log::default(), Arc::new(Semaphore::new(0)));
    let work = {
        let (log, gate) = (log.clone(), gate.clone());
        handler(move |context| {
            log.note(&context);
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(json!({}))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    let id = queue.enqueue(maintenance()).await;
    eventually("the job", || async { !log.entries().is_empty() }).await;
    worker.shutdown.cancel();
    gate.add_permits(1);
    worker.stop().await;
    assert_eq!(queue.store.job_run(id).await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test]
async fn an_interrupted_job_is_given_back_and_the_attempt_does_not_count() {
    let queue = Queue::create().await;
    let log = Log::default();
    let mut hasty = options("w");
    hasty.max_attempts = Some(1);
    hasty.grace = Duration::from_millis(50);
    let long = {
        let log = log.clone();
        handler(move |context| {
            log.note(&context);
            async move {
                context.cancelled.cancelled().await;
                Err(JobError::Retry("stopped in the middle".into()))
            }
        })
    };
    let worker = Worker::start(&queue.store, hasty.clone(), long);
    let id = queue.enqueue(maintenance()).await;
    eventually("the job", || async { !log.entries().is_empty() }).await;
    worker.stop().await;
    let run = queue.store.job_run(id).await.unwrap();
    assert_eq!((run.status, run.error), (RunStatus::Queued, None));

    let next = Worker::start(&queue.store, hasty, log.handler());
    queue.wait_for(id, RunStatus::Succeeded).await;
    assert_eq!(log.attempts_of(id), [1, 2], "although a single attempt is allowed");
    next.stop().await;
}

#[tokio::test]
async fn what_waits_in_the_queue_during_a_shutdown_keeps_its_attempts() {
    let queue = Queue::create().await;
    let gate = Arc::new(Semaphore::new(0));
    let log = Log::default();
    let work = {
        let (gate, log) = (gate.clone(), log.clone());
        handler(move |context| {
            log.note(&context);
            let gate = gate.clone();
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(json!({}))
            }
        })
    };
    let mut one = options("w");
    one.concurrency = 1;
    let worker = Worker::start(&queue.store, one, work);
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        let id = queue.data_source(name).await;
        ids.push(queue.enqueue(maintenance().for_data_source(id)).await);
    }
    eventually("one job", || async { !log.entries().is_empty() }).await;
    worker.shutdown.cancel();
    gate.add_permits(1);
    worker.stop().await;
    let untouched = "select count(*) from job_runs where status = 'queued' and attempts = 0";
    assert_eq!(queue.count(untouched).await, 4);
    assert_eq!(
        queue.count("select count(*) from apalis.jobs where status = 'Pending' and lock_by is null").await,
        4
    );
}
