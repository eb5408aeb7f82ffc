use chrono::{DateTime, TimeZone, Utc};
use pattern_core::domain::JobName;
use pattern_store::jobs::{RunFilter, Scheduled};

use super::support::Queue;

fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, hour, minute, 0).unwrap()
}

#[tokio::test]
async fn any_number_of_schedulers_run_a_tick_once() {
    let queue = Queue::create().await;
    let sealing = Scheduled::Job(JobName::SEALING);
    queue.store.schedule_tick(sealing, at(0, 0)).await.unwrap();
    let stores: Vec<_> = (0..4).map(|_| queue.another_store()).collect();
    for tick in [at(1, 0), at(2, 0), at(3, 0)] {
        let all = stores.iter().map(|store| store.schedule_tick(sealing, tick));
        let queued: usize =
            futures_util::future::join_all(all).await.into_iter().map(|q| q.unwrap().len()).sum();
        assert_eq!(queued, 1);
        queue.execute("update job_runs set status = 'succeeded'").await;
    }
    assert_eq!(queue.count("select count(*) from job_runs").await, 3);
}

#[tokio::test]
async fn missed_ticks_collapse_into_one_and_an_earlier_tick_never_comes_back() {
    let queue = Queue::create().await;
    let sealing = Scheduled::Job(JobName::SEALING);
    queue.store.schedule_tick(sealing, at(0, 0)).await.unwrap();
    assert_eq!(queue.store.schedule_tick(sealing, at(9, 0)).await.unwrap().len(), 1);
    // A worker whose clock is behind.
    assert!(queue.store.schedule_tick(sealing, at(8, 0)).await.unwrap().is_empty());
    assert!(queue.store.schedule_tick(sealing, at(9, 0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn ticks_of_a_job_that_nobody_runs_do_not_pile_up() {
    let queue = Queue::create().await;
    let sealing = Scheduled::Job(JobName::SEALING);
    queue.store.schedule_tick(sealing, at(0, 0)).await.unwrap();
    let first = queue.store.schedule_tick(sealing, at(1, 0)).await.unwrap();
    assert_eq!(queue.store.schedule_tick(sealing, at(2, 0)).await.unwrap(), first);
}

#[tokio::test]
async fn a_new_installation_does_not_make_up_for_the_time_before_it() {
    let queue = Queue::create().await;
    assert!(
        queue.store.schedule_tick(Scheduled::Job(JobName::MAINTENANCE), at(3, 0)).await.unwrap().is_empty()
    );
}

#[tokio::test]
async fn a_scheduled_flywheel_turns_for_each_data_source_and_does_not_pile_up() {
    let queue = Queue::create().await;
    queue.data_source("plant").await;
    queue.data_source("site").await;
    queue.store.schedule_tick(Scheduled::Flywheel, at(0, 0)).await.unwrap();
    let first = queue.store.schedule_tick(Scheduled::Flywheel, at(0, 15)).await.unwrap();
    assert_eq!(first.len(), 2);
    // Nobody works, so the next tick finds both still queued.
    assert_eq!(queue.store.schedule_tick(Scheduled::Flywheel, at(0, 30)).await.unwrap(), first);
    let chains = RunFilter { job: Some("flywheel".into()), ..RunFilter::default() };
    assert_eq!(queue.store.job_runs(&chains).await.unwrap().len(), 2);
}
