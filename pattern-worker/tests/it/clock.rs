//! A worker on a machine whose clock is wrong.

use chrono::{Duration, Utc};
use pattern_core::domain::{EVENT_TOPICS, JobName, RunStatus, SuggestionStatus};
use pattern_store::{Store, jobs::NewRun};
use rdkafka::producer::{FutureProducer, FutureRecord};
use std::fs::{self, File};
use uuid::Uuid;

use crate::site::{Site, Worker, until};

async fn start(site: &Site, job: JobName) -> Uuid {
    let mut connection = site.store.pool().acquire().await.expect("connection");
    let run = Store::enqueue_run(&mut connection, &NewRun::shipped(job, "test")).await.expect("enqueue");
    run.expect("a new run")
}

#[tokio::test]
async fn a_clock_40_days_ahead_expires_seals_and_prunes_nothing() {
    wrong_clock_does_no_harm("+40d", "40 days ahead of").await;
}

#[tokio::test]
async fn a_clock_40_days_behind_is_noticed_as_well() {
    wrong_clock_does_no_harm("-40d", "40 days behind").await;
}

async fn wrong_clock_does_no_harm(shift: &str, said: &str) {
    let site = Site::new().await;
    site.add_points().await;
    site.add_samples(Utc::now() - Duration::minutes(5)).await;
    let right = Worker::start(&site);
    site.analyse().await;
    site.until_drained().await;
    right.kill();
    let open = site.suggestions(SuggestionStatus::Pending).await;
    assert!(!open.is_empty());
    let hot = site.count("select count(*) from samples").await;
    let events = site.count("select count(*) from outbox").await;

    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let wrong = Worker::at_another_time(&site, shift, File::create(&log).expect("log"));
    until("the worker says that its clock is wrong", || async {
        fs::read_to_string(&log).is_ok_and(|log| log.contains(said))
    })
    .await;
    let housekeeping = [start(&site, JobName::MAINTENANCE).await, start(&site, JobName::SEALING).await];
    // It does all the rest, and by the right time.
    site.analyse().await;
    for run in housekeeping {
        let run = site.store.job_run(run).await.expect("run");
        assert_eq!((run.status, run.attempts), (RunStatus::Queued, 0), "{} is left to others", run.job);
    }
    // With its next sign of life.
    until("the worker's row tells it", || async {
        let workers = site.store.workers().await.expect("workers");
        let far = |ahead: &f64| ahead.abs() > 39.0 * 86_400.0;
        let ahead = workers.into_iter().find_map(|worker| worker.clock_ahead_seconds.filter(far));
        ahead.map(f64::is_sign_positive) == Some(shift.starts_with('+'))
    })
    .await;
    let expired =
        "select count(*) from outbox where type = 'SuggestionExpired' and event like '%nobody answered%'";
    assert_eq!(site.count(expired).await, 0);
    assert_eq!(site.count("select count(*) from samples").await, hot, "nothing was sealed");

    wrong.kill();
    let _right = Worker::start(&site);
    for run in housekeeping {
        let run = site.finished(run).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
        assert_eq!(run.attempts, 1);
    }
    let sealed = "select count(*) from sample_days where state = 'sealed' and day >= (now() at time zone 'UTC')::date - 1";
    assert_eq!(site.count(sealed).await, 0, "what is sealed was over for long enough");
    assert!(site.count("select count(*) from outbox").await >= events, "the stream is whole");
    let future =
        site.count("select count(*) from suggestions where updated_at > now() + interval '1 minute'").await;
    let past =
        site.count("select count(*) from suggestions where created_at < now() - interval '1 hour'").await;
    assert_eq!((future, past), (0, 0));
    let after = site.suggestions(SuggestionStatus::Pending).await;
    for before in open {
        assert!(after.iter().any(|after| after.id == before.id), "{} is open still", before.id);
    }
}

#[tokio::test]
async fn records_of_a_machine_whose_clock_is_wrong_bear_the_time_of_the_broker() {
    let site = Site::new().await;
    let producer: FutureProducer = site.kafka.producer().create().expect("producer");
    for shift in [Duration::days(40), Duration::days(-40)] {
        for topic in EVENT_TOPICS {
            let topic = site.kafka.topic(topic);
            let at = (Utc::now() + shift).timestamp_millis();
            let record = FutureRecord::to(&topic).key("key").payload("value").timestamp(at);
            producer.send(record, std::time::Duration::from_secs(30)).await.expect("the broker takes it");
        }
    }
    let times = site.published_times();
    assert_eq!(times.len(), 2 * EVENT_TOPICS.len());
    for kept in times {
        assert!((Utc::now().timestamp_millis() - kept).abs() < 3_600_000, "{kept}");
    }
}

#[tokio::test]
async fn a_worker_whose_pool_is_too_large_for_the_server_says_the_arithmetic() {
    let site = Site::new().await;
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let _worker = Worker::logging_to(
        File::create(&log).expect("log"),
        &site,
        &[("NAIA_POSTGRES__MAX_CONNECTIONS", "400")],
    );
    until("the worker warns", || async {
        fs::read_to_string(&log).is_ok_and(|log| {
            log.contains(
                "connections may run out: postgres allows 297 connections, and 402 (this process) + ",
            ) && log.contains("lower postgres.max_connections")
                && !log.contains('\u{1b}')
        })
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_gets_no_connection_says_the_arithmetic() {
    let site = Site::new().await;
    let role = format!("few_{}", Uuid::new_v4().simple());
    let database = site.url.rsplit('/').next().expect("database");
    for sql in [
        format!("create role {role} login connection limit 0"),
        format!("grant all on database {database} to {role}"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(site.store.pool()).await.expect("role");
    }
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let url = site.url.replace("naia@", &format!("{role}@"));
    let _worker =
        Worker::logging_to(File::create(&log).expect("log"), &site, &[("NAIA_POSTGRES__URL", &url)]);
    until("the worker says why", || async {
        fs::read_to_string(&log).is_ok_and(|log| {
            log.contains("too many connections for role") && log.contains("this process may want 20 + 2")
        })
    })
    .await;
}
