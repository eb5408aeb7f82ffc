//! How urgent a run is, and when it is too late.

use chrono::{TimeDelta, Utc};
use pattern_core::domain::{JobName, JobTypes, RunStatus};
use pattern_store::jobs::NewRun;

use super::support::{Log, Queue, Worker, options};

fn with_priority(job: JobName, priority: i16) -> NewRun {
    let mut run = NewRun::shipped(job, "test");
    run.terms.priority = priority;
    run
}

#[tokio::test]
async fn the_most_urgent_run_is_taken_first_whatever_its_job() {
    let queue = Queue::create().await;
    let asked = [
        (JobName::CLUSTER_DETECTION, 2),
        (JobName::PATTERN_MATCHING, 9),
        (JobName::BEHAVIORAL_ANALYSIS, 5),
        (JobName::CLUSTER_DETECTION, 10),
        (JobName::PATTERN_MATCHING, 1),
    ];
    let mut runs = Vec::new();
    for (job, priority) in asked {
        runs.push(queue.enqueue(with_priority(job, priority)).await);
    }
    let (log, mut alone) = (Log::default(), options("w"));
    alone.concurrency = 1;
    let worker = Worker::start(&queue.store, alone, log.handler());
    for run in &runs {
        queue.wait_for(*run, RunStatus::Succeeded).await;
    }
    let order: Vec<_> = log.entries().iter().map(|context| context.run_id).collect();
    assert_eq!(order, [runs[3], runs[1], runs[2], runs[0], runs[4]]);
    worker.stop().await;
}

#[tokio::test]
async fn a_run_that_nobody_takes_is_dead_when_its_deadline_is_over_and_its_chain_with_it() {
    let queue = Queue::create().await;
    let mut late = NewRun::shipped(JobName::PATTERN_MATCHING, "test");
    late.terms.deadline = Some(Utc::now() + TimeDelta::milliseconds(300));
    let late = queue.enqueue(late).await;
    let mut sealing_only = options("w");
    sealing_only.capabilities = JobTypes::shipped().chosen(&["sealing".into()]).unwrap();
    let worker = Worker::start(&queue.store, sealing_only, Log::default().handler());
    let run = queue.wait_for(late, RunStatus::Dead).await;
    assert!(run.error.unwrap().contains("by its deadline"));
    assert_eq!((run.attempts, run.started_at), (0, None), "it never began");
    worker.stop().await;
}
