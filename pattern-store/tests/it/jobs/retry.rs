use pattern_core::domain::RunStatus;
use pattern_store::jobs::JobError;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::support::{Log, Queue, Worker, handler, maintenance, options};

#[tokio::test]
async fn retries_back_off_in_the_database() {
    let queue = Queue::create().await;
    let mut patient = options("w");
    patient.retry_delay = Duration::from_secs(400);
    let log = Log::default();
    let failing = {
        let log = log.clone();
        handler(move |context| {
            log.note(&context);
            async { Err(JobError::Retry("no samples yet".into())) }
        })
    };
    let worker = Worker::start(&queue.store, patient, failing);
    let id = queue.enqueue(maintenance()).await;
    let run = queue.wait_for(id, RunStatus::Failed).await;
    assert_eq!((run.attempts, run.error.as_deref()), (1, Some("no samples yet")));
    let wait = run.run_at - chrono::Utc::now();
    assert!((290..=500).contains(&wait.num_seconds()), "give or take a quarter: {wait}");
    // The queue itself holds it back too: nothing in the worker does.
    let held =
        "select count(*) from apalis.jobs where status = 'Pending' and run_at > now() + interval '4 minutes'";
    assert_eq!(queue.count(held).await, 1);
    assert_eq!(log.attempts_of(id), [1]);
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_keeps_failing_is_dead_after_its_attempts_and_can_be_redriven() {
    let queue = Queue::create().await;
    let mut three = options("w");
    three.max_attempts = Some(3);
    three.retry_delay = Duration::from_millis(10);
    let (log, repaired) = (Log::default(), Arc::new(AtomicBool::new(false)));
    let work = {
        let (log, repaired) = (log.clone(), repaired.clone());
        handler(move |context| {
            log.note(&context);
            let repaired = repaired.load(Ordering::SeqCst);
            async move { if repaired { Ok(json!({})) } else { Err(JobError::Retry("broken".into())) } }
        })
    };
    let worker = Worker::start(&queue.store, three, work);
    let id = queue.enqueue(maintenance()).await;
    let run = queue.wait_for(id, RunStatus::Dead).await;
    assert_eq!((run.attempts, run.max_attempts, run.error.as_deref()), (3, 3, Some("broken")));
    assert_eq!(log.attempts_of(id), [1, 2, 3]);

    repaired.store(true, Ordering::SeqCst);
    queue.store.redrive_run(id, "tester", None).await.unwrap();
    let run = queue.wait_for(id, RunStatus::Succeeded).await;
    assert_eq!((run.attempts, run.error), (4, None));
    assert!(queue.store.redrive_run(id, "tester", None).await.is_err(), "what succeeded is not redriven");
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_can_not_succeed_is_dead_at_once() {
    let queue = Queue::create().await;
    let log = Log::default();
    let work = {
        let log = log.clone();
        handler(move |context| {
            log.note(&context);
            async { Err(JobError::GiveUp("the library is empty".into())) }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    let id = queue.enqueue(maintenance()).await;
    queue.wait_for(id, RunStatus::Dead).await;
    assert_eq!(log.attempts_of(id), [1]);
    worker.stop().await;
}

#[tokio::test]
async fn a_panic_is_a_failure_with_its_message() {
    let queue = Queue::create().await;
    let mut once = options("w");
    once.max_attempts = Some(1);
    let worker = Worker::start(&queue.store, once, handler(|_| async { panic!("index out of bounds") }));
    let id = queue.enqueue(maintenance()).await;
    let run = queue.wait_for(id, RunStatus::Dead).await;
    assert_eq!(run.error.as_deref(), Some("the job panicked: index out of bounds"));
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_takes_too_long_is_stopped_even_if_it_does_not_listen() {
    let queue = Queue::create().await;
    let mut hasty = options("w");
    hasty.max_attempts = Some(1);
    hasty.job_timeout = Some(Duration::from_millis(100));
    hasty.patience = Duration::from_millis(100);
    let deaf = handler(|_| async {
        std::future::pending::<()>().await;
        Ok(json!({}))
    });
    let worker = Worker::start(&queue.store, hasty, deaf);
    let id = queue.enqueue(maintenance()).await;
    let run = queue.wait_for(id, RunStatus::Dead).await;
    assert!(run.error.unwrap().contains("took longer than"));
    worker.stop().await;
}

#[tokio::test]
async fn a_result_that_postgres_can_not_keep_makes_a_dead_run() {
    let queue = Queue::create().await;
    let worker = Worker::start(&queue.store, options("w"), handler(|_| async { Ok(json!("nul \0 byte")) }));
    let id = queue.enqueue(maintenance()).await;
    let run = queue.wait_for(id, RunStatus::Dead).await;
    assert!(run.error.unwrap().contains("cannot be kept"));
    worker.stop().await;
}
