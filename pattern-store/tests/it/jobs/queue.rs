use pattern_core::domain::{JobName, JobTypes, RunStatus};
use pattern_store::{
    Store,
    jobs::{NewRun, RunFilter},
};
use std::time::Duration;

use super::support::{Log, Queue, Worker, maintenance, options};

#[tokio::test]
async fn a_run_goes_through_and_keeps_what_it_found() {
    let queue = Queue::create().await;
    let log = Log::default();
    let worker = Worker::start(&queue.store, options("w"), log.handler());
    let id = queue.enqueue(maintenance()).await;
    let run = queue.wait_for(id, RunStatus::Succeeded).await;
    assert_eq!((run.attempts, run.worker_id.as_deref()), (1, Some("w")));
    assert!(run.started_at.is_some() && run.finished_at.is_some() && run.result.is_some());
    assert_eq!(log.attempts_of(id), [1]);
    worker.stop().await;
}

#[tokio::test]
async fn a_run_exists_only_if_the_callers_transaction_does() {
    let queue = Queue::create().await;
    let mut tx = queue.store.pool().begin().await.unwrap();
    let id = Store::enqueue_run(&mut tx, &maintenance()).await.unwrap().unwrap();
    tx.rollback().await.unwrap();
    assert!(queue.store.job_run(id).await.is_err());
    assert_eq!(queue.count("select count(*) from apalis.jobs").await, 0);
}

#[tokio::test]
async fn a_key_makes_one_run_ever_and_a_repeated_one_does_not_harm_the_transaction() {
    let queue = Queue::create().await;
    let worker = Worker::start(&queue.store, options("w"), Log::default().handler());
    let first = queue.enqueue(maintenance().with_key("monday")).await;
    queue.wait_for(first, RunStatus::Succeeded).await;

    let mut tx = queue.store.pool().begin().await.unwrap();
    assert_eq!(Store::enqueue_run(&mut tx, &maintenance().with_key("monday")).await.unwrap(), None);
    let other = Store::enqueue_run(&mut tx, &maintenance().with_key("tuesday")).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    queue.wait_for(other, RunStatus::Succeeded).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_job_on_an_idle_queue_is_picked_up_by_notification_alone() {
    let queue = Queue::create().await;
    let mut deaf_otherwise = options("w");
    deaf_otherwise.poll = Duration::from_secs(600);
    deaf_otherwise.heartbeat = Duration::from_secs(600);
    let worker = Worker::start(&queue.store, deaf_otherwise, Log::default().handler());
    // The first ones may be found when the worker starts to listen; the last one finds it idle.
    for _ in 0..3 {
        let id = queue.enqueue(maintenance()).await;
        queue.wait_for(id, RunStatus::Succeeded).await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_lost_notification_is_made_good_by_polling() {
    let queue = Queue::create().await;
    queue.execute("drop trigger notify_workers on apalis.jobs").await;
    let mut without_heartbeat = options("w");
    without_heartbeat.heartbeat = Duration::from_secs(600);
    let stores: Vec<Store> = (0..4).map(|_| queue.another_store()).collect();
    let workers: Vec<Worker> = stores
        .iter()
        .map(|store| Worker::start(store, without_heartbeat.clone(), Log::default().handler()))
        .collect();
    for job in JobTypes::shipped().iter() {
        let id = queue.enqueue(NewRun::new(job, "test")).await;
        queue.wait_for(id, RunStatus::Succeeded).await;
    }
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn two_workers_with_the_same_name_both_work() {
    let queue = Queue::create().await;
    let other = queue.another_store();
    let (left, right) = (Log::default(), Log::default());
    let workers = [
        Worker::start(&queue.store, options("twin"), left.handler()),
        Worker::start(&other, options("twin"), right.handler()),
    ];
    let mut made = 0;
    while left.entries().is_empty() || right.entries().is_empty() {
        made += 1;
        assert!(made < 500, "one of the two gets no work");
        let id = queue.enqueue(maintenance()).await;
        queue.wait_for(id, RunStatus::Succeeded).await;
    }
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_worker_pulls_only_what_it_is_capable_of() {
    let queue = Queue::create().await;
    let log = Log::default();
    let mut sealing_only = options("w");
    sealing_only.capabilities = JobTypes::shipped().chosen(&["sealing".into()]).unwrap();
    let worker = Worker::start(&queue.store, sealing_only, log.handler());
    let left = queue.enqueue(maintenance()).await;
    let done = queue.enqueue(NewRun::shipped(JobName::SEALING, "test")).await;
    queue.wait_for(done, RunStatus::Succeeded).await;
    assert_eq!(queue.store.job_run(left).await.unwrap().status, RunStatus::Queued);
    worker.stop().await;
}

#[tokio::test]
async fn runs_are_listed_newest_first_page_by_page() {
    let queue = Queue::create().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(queue.enqueue(maintenance()).await);
    }
    ids.reverse();
    let mut filter = RunFilter { job: Some("maintenance".into()), limit: 2, ..RunFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = queue.store.job_runs(&filter).await.unwrap();
        seen.extend(page.iter().map(|run| run.id));
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
    }
    assert_eq!(seen, ids);
    let running = RunFilter { status: Some(RunStatus::Running), ..RunFilter::default() };
    assert!(queue.store.job_runs(&running).await.unwrap().is_empty());
}
