//! A worker that is killed in the middle of a stage: another one finishes it, and nothing is done twice.
//!
//! The test holds the table that the stage is about to use, so the kill always falls into the stage.

use chrono::Utc;
use pattern_core::domain::{ApproveRequest, JobName, RunStatus, SuggestionStatus};
use pattern_store::{
    DecisionRequest, Store,
    jobs::{NewRun, RunFilter},
};

use std::collections::BTreeMap;

use crate::site::{PublishedEvent, Site, Worker};

#[tokio::test]
async fn killed_in_behavioral_analysis() {
    survives_a_kill_in("behavioral-analysis", "fingerprints").await;
}

#[tokio::test]
async fn killed_in_correlation_analysis() {
    survives_a_kill_in("correlation-analysis", "correlations").await;
}

#[tokio::test]
async fn killed_in_cluster_detection() {
    survives_a_kill_in("cluster-detection", "clusters").await;
}

#[tokio::test]
async fn killed_in_pattern_matching() {
    survives_a_kill_in("pattern-matching", "suggestions").await;
}

async fn survives_a_kill_in(stage: &'static str, table: &str) {
    let site = Site::new().await;
    site.add_points().await;
    site.add_samples(Utc::now() - chrono::Duration::days(3)).await;
    let held = site.hold(table).await;
    let first = Worker::start(&site);
    let chain = site.start_flywheel().await;
    until_running(&site, stage).await;
    first.kill();
    drop(held);
    let _second = Worker::start(&site);
    let run = site.finished(chain).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
    let filter = RunFilter { chain_id: Some(chain), ..RunFilter::default() };
    let stages = site.store.job_runs(&filter).await.expect("stages");
    let hit = stages.iter().find(|s| s.job == stage).expect("stage");
    assert_eq!(hit.attempts, 2, "the killed attempt counts, and one more finished it");
    assert_eq!(stages.len(), 4, "no stage was handed over twice");
    nothing_twice(&site).await;
    assert!(!site.suggestions(SuggestionStatus::Pending).await.is_empty());
}

#[tokio::test]
async fn killed_in_pattern_learning() {
    let site = Site::new().await;
    site.add_points().await;
    let first = Worker::start(&site);
    site.analyse().await;
    let pump = site.suggestions(SuggestionStatus::Pending).await.remove(0);
    let held = site.hold("pattern_versions").await;
    let approve = DecisionRequest::Approve(ApproveRequest::default());
    site.store.decide(pump.id, &approve, "anna", None, Utc::now()).await.expect("approve");
    until_running(&site, "pattern-learning").await;
    first.kill();
    drop(held);
    let _second = Worker::start(&site);
    site.until_learned().await;
    let support = site.store.pattern(pump.pattern.id.expect("pattern")).await.expect("pattern").support;
    assert!((0.5..=1.5).contains(&support), "one approval counts once: {support}");
    assert_eq!(site.count("select count(*) from outbox where type = 'PatternUpdated'").await, 1);
    nothing_twice(&site).await;
}

#[tokio::test]
async fn killed_in_sealing() {
    let site = Site::new().await;
    site.add_points().await;
    site.add_samples(Utc::now() - chrono::Duration::days(3)).await;
    let before = site.count("select count(*) from samples").await;
    run_through_a_kill(&site, JobName::SEALING, "sample_blocks").await;
    assert_eq!(site.count("select count(*) from samples").await, 0, "both days are sealed");
    assert_eq!(site.count("select sum(count) from sample_blocks").await, before);
}

#[tokio::test]
async fn killed_in_maintenance() {
    let site = Site::new().await;
    site.add_points().await;
    let first = Worker::start(&site);
    site.analyse().await;
    first.kill();
    let open = site.suggestions(SuggestionStatus::Pending).await.len() as i64;
    sqlx::query("update suggestions set expires_at = now() - interval '1 day'")
        .execute(site.store.pool())
        .await
        .expect("age the suggestions");
    run_through_a_kill(&site, JobName::MAINTENANCE, "idempotency_keys").await;
    let expired = site.count("select count(*) from outbox where type = 'SuggestionExpired'").await;
    assert_eq!(expired, open, "each one expired once");
    nothing_twice(&site).await;
}

/// Kills the worker that runs `job` and waits for `table`; a second worker finishes it.
async fn run_through_a_kill(site: &Site, job: JobName, table: &str) {
    let held = site.hold(table).await;
    let mut connection = site.store.pool().acquire().await.expect("connection");
    let run = Store::enqueue_run(&mut connection, &NewRun::shipped(job, "test")).await.expect("enqueue");
    let first = Worker::start(site);
    until_running(site, job.as_str()).await;
    first.kill();
    drop(held);
    let _second = Worker::start(site);
    let run = site.finished(run.expect("a new run")).await;
    assert_eq!((run.status, run.attempts), (RunStatus::Succeeded, 2), "{:?}", run.error);
}

async fn until_running(site: &Site, stage: &'static str) {
    crate::site::until(stage, || async {
        let filter =
            RunFilter { job: Some(stage.into()), status: Some(RunStatus::Running), ..RunFilter::default() };
        site.store.job_runs(&filter).await.is_ok_and(|runs| !runs.is_empty())
    })
    .await;
}

async fn nothing_twice(site: &Site) {
    site.until_drained().await;
    let doubled_questions = site
        .count(
            "select count(*) from (select from suggestions group by subject_id, pattern_id having count(*) > 1)
             as doubled",
        )
        .await;
    assert_eq!(doubled_questions, 0, "nobody is asked the same thing twice");
    // A record may come twice, but an event has one place in the stream, and a place one event.
    let (mut places, mut events) = (BTreeMap::new(), BTreeMap::new());
    for PublishedEvent { id, position, .. } in site.published_events() {
        let place = *places.entry(id.clone()).or_insert(position);
        assert_eq!(place, position, "event {id} has two places");
        let event = events.entry(position).or_insert_with(|| id.clone());
        assert_eq!(*event, id, "place {position} has two events");
    }
    let top = site.count("select max(position) from outbox").await;
    assert!(events.into_keys().eq(1..=top), "every event is on the broker");
}
