use pattern_core::domain::{JobName, RunStatus};
use pattern_store::{
    Store,
    jobs::{JobError, NewRun, RunFilter},
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::support::{Log, Queue, Worker, eventually, handler, options};
use crate::support::somebody_waits_for_a_lock;

#[tokio::test]
async fn a_chain_runs_its_stages_in_order_and_is_finished_when_its_last_stage_is() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let log = Log::default();
    let (gate, store) = (Arc::new(AtomicBool::new(false)), queue.store.clone());
    let work = {
        let (log, gate) = (log.clone(), gate.clone());
        handler(move |context| {
            log.note(&context);
            let gate = gate.clone();
            async move {
                if context.job == JobName::PATTERN_MATCHING {
                    eventually("the gate", || async { gate.load(Ordering::SeqCst) }).await;
                }
                Ok(json!({"found": context.job.as_str()}))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    let chain = queue.start_flywheel(Some(plant)).await;
    eventually("the last stage", || async { log.entries().len() == 4 }).await;
    let open = store.job_run(chain).await.unwrap();
    assert_eq!((open.status, open.job.as_str()), (RunStatus::Running, "flywheel"));

    gate.store(true, Ordering::SeqCst);
    let done = queue.wait_for(chain, RunStatus::Succeeded).await;
    assert_eq!(done.data_source.as_deref(), Some("plant"));
    assert_eq!(done.result.unwrap()["pattern-matching"]["found"], "pattern-matching");
    assert_eq!(log.entries().iter().map(|c| c.job).collect::<Vec<_>>(), JobName::FLYWHEEL);
    assert!(log.entries().iter().all(|c| c.data_source_id == Some(plant)));
    let stages = RunFilter { chain_id: Some(chain), ..RunFilter::default() };
    assert_eq!(store.job_runs(&stages).await.unwrap().len(), 4);
    worker.stop().await;
}

#[tokio::test]
async fn a_dead_stage_makes_a_dead_chain_and_a_redrive_goes_on_from_there() {
    let queue = Queue::create().await;
    let (log, repaired) = (Log::default(), Arc::new(AtomicBool::new(false)));
    let work = {
        let (log, repaired) = (log.clone(), repaired.clone());
        handler(move |context| {
            log.note(&context);
            let repaired = repaired.load(Ordering::SeqCst);
            async move {
                if context.job == JobName::CLUSTER_DETECTION && !repaired {
                    return Err(JobError::GiveUp("no correlations".into()));
                }
                Ok(json!({}))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    let chain = queue.start_flywheel(None).await;
    let dead = queue.wait_for(chain, RunStatus::Dead).await;
    assert_eq!(dead.error.as_deref(), Some("cluster-detection: no correlations"));

    repaired.store(true, Ordering::SeqCst);
    assert_eq!(
        queue.store.redrive_run(chain, "ben", None).await.unwrap().redriven_by.as_deref(),
        Some("ben")
    );
    let done = queue.wait_for(chain, RunStatus::Succeeded).await;
    assert_eq!(done.error, None);
    let ran: Vec<JobName> = log.entries().iter().map(|c| c.job).collect();
    assert_eq!(
        ran,
        [
            JobName::BEHAVIORAL_ANALYSIS,
            JobName::CORRELATION_ANALYSIS,
            JobName::CLUSTER_DETECTION,
            JobName::CLUSTER_DETECTION,
            JobName::PATTERN_MATCHING
        ]
    );
    worker.stop().await;
}

#[tokio::test]
async fn a_queued_chain_serves_everybody_who_asks_until_it_starts() {
    let queue = Queue::create().await;
    let (plant, site) = (queue.data_source("plant").await, queue.data_source("site").await);
    let first = queue.start_flywheel(Some(plant)).await;
    assert_eq!(queue.start_flywheel(Some(plant)).await, first);
    assert_ne!(queue.start_flywheel(Some(site)).await, first);
    let worker = Worker::start(&queue.store, options("w"), Log::default().handler());
    queue.wait_for(first, RunStatus::Succeeded).await;
    assert_ne!(queue.start_flywheel(Some(plant)).await, first);
    worker.stop().await;
}

#[tokio::test]
async fn learning_that_serves_a_decision_starts_after_the_decision_is_committed() {
    let queue = Queue::create().await;
    let plant = queue.data_source("plant").await;
    let mut first = queue.store.pool().begin().await.unwrap();
    let chain = Store::enqueue_learning(&mut first, Some(plant), "ann", Duration::ZERO).await.unwrap();
    first.commit().await.unwrap();

    // A second decision joins the chain that is queued, and takes its time to commit.
    let mut second = queue.store.pool().begin().await.unwrap();
    assert_eq!(
        Store::enqueue_learning(&mut second, Some(plant), "bob", Duration::ZERO).await.unwrap(),
        chain
    );
    sqlx::query("insert into data_sources (id, name) values (gen_random_uuid(), 'written by bob')")
        .execute(&mut *second)
        .await
        .unwrap();
    let saw_bob = Arc::new(AtomicBool::new(false));
    let work = {
        let (store, saw_bob) = (queue.another_store(), saw_bob.clone());
        handler(move |context| {
            let (store, saw_bob) = (store.clone(), saw_bob.clone());
            async move {
                let count: i64 =
                    sqlx::query_scalar("select count(*) from data_sources where name = 'written by bob'")
                        .fetch_one(store.pool())
                        .await
                        .unwrap();
                if context.job == JobName::PATTERN_LEARNING {
                    saw_bob.store(count == 1, Ordering::SeqCst);
                }
                Ok(json!({}))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    // The worker is there and wants to start the run: it waits for the row that bob holds.
    eventually("the worker to wait for bob", || somebody_waits_for_a_lock(&queue.store)).await;
    second.commit().await.unwrap();
    queue.wait_for(chain, RunStatus::Succeeded).await;
    assert!(saw_bob.load(Ordering::SeqCst));
    worker.stop().await;
}

#[tokio::test]
async fn cancelling_a_waiting_chain_ends_it_at_once() {
    let queue = Queue::create().await;
    let chain = queue.start_flywheel(None).await;
    assert_eq!(queue.store.cancel_run(chain, "tester", None).await.unwrap().status, RunStatus::Cancelled);
    assert!(queue.store.cancel_run(chain, "tester", None).await.is_err());
    let log = Log::default();
    let worker = Worker::start(&queue.store, options("w"), log.handler());
    let next = queue.start_flywheel(None).await;
    queue.wait_for(next, RunStatus::Succeeded).await;
    assert_eq!(log.entries().len(), 4, "only the second chain ran");
    worker.stop().await;
}

#[tokio::test]
async fn cancelling_a_running_chain_stops_the_job_and_hands_nothing_over() {
    let queue = Queue::create().await;
    let log = Log::default();
    let work = {
        let log = log.clone();
        handler(move |context| {
            log.note(&context);
            async move {
                context.cancelled.cancelled().await;
                Ok(json!({}))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    let chain = queue.start_flywheel(None).await;
    eventually("the first stage", || async { !log.entries().is_empty() }).await;
    assert_eq!(queue.store.cancel_run(chain, "tester", None).await.unwrap().status, RunStatus::Running);
    queue.wait_for(chain, RunStatus::Cancelled).await;
    assert_eq!(log.entries().len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_is_writing_can_be_cancelled_and_its_worker_goes_on_reporting() {
    let queue = Queue::create().await;
    let log = Log::default();
    let work = {
        let (log, store) = (log.clone(), queue.another_store());
        handler(move |context| {
            let (log, store) = (log.clone(), store.clone());
            async move {
                let mut writing = store.pool().begin().await.unwrap();
                Store::confirm_attempt(&mut writing, context.run_id, context.attempt).await.unwrap();
                log.note(&context);
                context.cancelled.cancelled().await;
                Ok(json!({}))
            }
        })
    };
    let worker = Worker::start(&queue.store, options("w"), work);
    let chain = queue.start_flywheel(None).await;
    eventually("the first stage writes", || async { !log.entries().is_empty() }).await;
    let last_seen = async || queue.store.workers().await.unwrap()[0].last_seen;
    let before = last_seen().await;
    eventually("the worker is seen again", || async { last_seen().await > before }).await;

    let cancelled =
        tokio::time::timeout(Duration::from_secs(30), queue.store.cancel_run(chain, "tester", None)).await;
    assert_eq!(cancelled.expect("it answers while the job writes").unwrap().status, RunStatus::Running);
    queue.wait_for(chain, RunStatus::Cancelled).await;
    worker.stop().await;
}

#[tokio::test]
async fn starting_a_run_and_cancelling_it_at_once_is_no_deadlock() {
    let queue = Queue::create().await;
    let id = queue.enqueue(NewRun::shipped(JobName::SEALING, "test")).await;
    // As a cancel does: first the run, then what brings it to a worker.
    let mut cancel = queue.store.pool().begin().await.unwrap();
    sqlx::query("select from job_runs where id = $1 for no key update")
        .bind(id)
        .execute(&mut *cancel)
        .await
        .unwrap();
    let log = Log::default();
    let worker = Worker::start(&queue.another_store(), options("w"), log.handler());
    eventually("the worker waits for the run", || somebody_waits_for_a_lock(&queue.store)).await;
    let free = sqlx::query("select from apalis.jobs for update nowait").execute(&mut *cancel).await;
    assert!(free.is_ok(), "{free:?}");
    cancel.commit().await.unwrap();
    queue.wait_for(id, RunStatus::Succeeded).await;
    worker.stop().await;
}
