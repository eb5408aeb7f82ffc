use futures_util::FutureExt;
use pattern_core::domain::{JobName, RunStatus};
use pattern_embedded::testing::until;
use pattern_store::jobs::{RunFilter, Scheduled, WorkerOptions, run_workers};
use pattern_worker::scheduler::{self, Schedule};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

use crate::support::database;

fn every_second() -> Vec<Schedule> {
    vec![Schedule::new(Scheduled::Job(JobName::MAINTENANCE), "* * * * * *").unwrap()]
}

#[tokio::test]
async fn two_schedulers_queue_a_tick_once() {
    let (_database, store) = database().await;
    let shutdown = CancellationToken::new();
    let schedulers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(scheduler::run(store.clone(), every_second(), shutdown.clone())))
        .collect();
    let count = || async {
        sqlx::query_as::<_, (i64, i64)>("select count(*), count(distinct key) from job_runs")
            .fetch_one(store.pool())
            .await
            .unwrap()
    };
    // Each run ends at once, or the next tick would find it still queued.
    until("three ticks", || async {
        sqlx::query("update job_runs set status = 'succeeded'").execute(store.pool()).await.unwrap();
        count().await.0 >= 3
    })
    .await;
    shutdown.cancel();
    for scheduler in schedulers {
        scheduler.await.unwrap();
    }
    let (runs, ticks) = count().await;
    assert_eq!(runs, ticks);
}

#[tokio::test]
async fn a_job_that_outlasts_its_period_holds_up_neither_the_schedule_nor_its_worker() {
    let (_database, store) = database().await;
    let shutdown = CancellationToken::new();
    let slow = Arc::new(|context: pattern_store::jobs::JobContext| {
        async move {
            context.cancelled.cancelled().await;
            Ok(serde_json::json!({}).into())
        }
        .boxed()
    });
    let mut parts = tokio::task::JoinSet::new();
    let mut options = WorkerOptions::new("slow");
    options.grace = std::time::Duration::ZERO;
    parts.spawn(run_workers(store.clone(), options, slow, shutdown.clone()));
    parts.spawn(scheduler::run(store.clone(), every_second(), shutdown.clone()));
    let with_status = |status| {
        let filter = RunFilter { status: Some(status), ..RunFilter::default() };
        let store = store.clone();
        async move { store.job_runs(&filter).await.unwrap().len() }
    };
    until("a slow run and one that waits behind it", || async {
        with_status(RunStatus::Running).await == 1 && with_status(RunStatus::Queued).await == 1
    })
    .await;
    let last_tick = || async {
        sqlx::query_scalar::<_, chrono::DateTime<chrono::Utc>>("select last_tick from schedules")
            .fetch_one(store.pool())
            .await
            .unwrap()
    };
    let before = last_tick().await;
    until("later ticks", || async { last_tick().await > before }).await;
    assert_eq!(with_status(RunStatus::Queued).await, 1, "they collapse into the one that waits");
    shutdown.cancel();
    parts.join_all().await;
}
