use chrono::{TimeDelta, Utc};
use pattern_core::domain::{JobName, JobTypes, RunStatus};
use pattern_store::jobs::{NewRun, QueueHealth};

use super::support::{Log, Queue, Worker, eventually, maintenance, options};

async fn health(queue: &Queue, job: JobName) -> Option<QueueHealth> {
    queue.store.queue_health().await.unwrap().into_iter().find(|health| health.job == job.as_str())
}

#[tokio::test]
async fn a_job_type_that_nobody_serves_is_an_alarm() {
    let queue = Queue::create().await;
    let mut sealing_only = options("w");
    sealing_only.capabilities = JobTypes::shipped().chosen(&["sealing".into()]).unwrap();
    let worker = Worker::start(&queue.store, sealing_only, Log::default().handler());
    queue.enqueue(maintenance()).await;
    eventually("the worker to report", || async { health(&queue, JobName::SEALING).await.is_some() }).await;
    let unserved = health(&queue, JobName::MAINTENANCE).await.unwrap();
    assert_eq!((unserved.due, unserved.workers), (1, 0));
    assert!(unserved.oldest_due_seconds >= 0.0);
    assert_eq!(health(&queue, JobName::SEALING).await.unwrap().workers, 1);
    worker.stop().await;
    assert!(health(&queue, JobName::SEALING).await.is_none(), "a worker that stopped serves nobody");
}

#[tokio::test]
async fn pruning_deletes_what_ended_long_ago_and_nothing_else() {
    let queue = Queue::create().await;
    let worker = Worker::start(&queue.store, options("w"), Log::default().handler());
    let chain = queue.start_flywheel(None).await;
    queue.wait_for(chain, RunStatus::Succeeded).await;
    worker.stop().await;
    let waiting = queue.enqueue(NewRun::shipped(JobName::SEALING, "test")).await;

    let yesterday = Utc::now() - TimeDelta::days(1);
    assert_eq!(queue.store.prune_runs(yesterday).await.unwrap(), Default::default());
    queue.execute("update apalis.jobs set done_at = done_at - interval '2 hours'").await;
    let pruned = queue.store.prune_runs(Utc::now() + TimeDelta::seconds(1)).await.unwrap();
    assert_eq!((pruned.runs, pruned.deliveries, pruned.redelivered), (1, 4, 0));
    assert_eq!(queue.count("select count(*) from job_runs").await, 1, "the stages went with their chain");
    assert_eq!(queue.store.job_run(waiting).await.unwrap().status, RunStatus::Queued);
}

#[tokio::test]
async fn a_run_that_the_queue_lost_is_delivered_again() {
    let queue = Queue::create().await;
    let id = queue.enqueue(maintenance()).await;
    queue.execute("delete from apalis.jobs").await;
    assert_eq!(queue.store.prune_runs(Utc::now()).await.unwrap().redelivered, 1);
    let worker = Worker::start(&queue.store, options("w"), Log::default().handler());
    queue.wait_for(id, RunStatus::Succeeded).await;
    worker.stop().await;
}
