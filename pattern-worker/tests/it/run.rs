use pattern_config::WorkerConfig;
use pattern_core::domain::{JobName, JobTypes, RunStatus};
use pattern_embedded::testing::{Away, until};
use pattern_service::Readiness;
use pattern_store::{Store, jobs::NewRun};
use tokio_util::sync::CancellationToken;

use crate::support::{database, idle_handler};

/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1";

fn config(postgres_url: &str) -> WorkerConfig {
    let mut config = WorkerConfig::default();
    config.postgres.url = postgres_url.into();
    config.kafka.bootstrap_servers = NOWHERE.into();
    config.worker.id = Some("worker-under-test".into());
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_run_while_kafka_is_away_and_the_worker_ends_when_asked() {
    let (database, store) = database().await;
    let shutdown = CancellationToken::new();
    let worker = tokio::spawn(pattern_worker::run_with(
        config(&database.url),
        JobTypes::shipped(),
        |_| idle_handler(),
        Readiness::default(),
        shutdown.clone(),
    ));
    let mut conn = store.pool().acquire().await.unwrap();
    let run = NewRun::shipped(JobName::MAINTENANCE, "test");
    let id = Store::enqueue_run(&mut conn, &run).await.unwrap().unwrap();
    until("the run", || async { store.job_run(id).await.unwrap().status == RunStatus::Succeeded }).await;
    shutdown.cancel();
    worker.await.unwrap().unwrap();
    let stopped: bool =
        sqlx::query_scalar("select stopped_at is not null from workers where id = 'worker-under-test'")
            .fetch_one(store.pool())
            .await
            .unwrap();
    assert!(stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_without_postgres_waits_and_can_be_asked_to_end() {
    let (shutdown, postgres) = (CancellationToken::new(), Away::new().await);
    let config = config(&format!("postgres://naia@{}/naia", postgres.address));
    let worker = tokio::spawn(pattern_worker::run_with(
        config,
        JobTypes::shipped(),
        |_| idle_handler(),
        Readiness::default(),
        shutdown.clone(),
    ));
    postgres.is_looked_for().await;
    assert!(!worker.is_finished());
    shutdown.cancel();
    worker.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_schedule_that_is_not_one_is_refused_at_once() {
    let mut config = config(&format!("postgres://naia@{NOWHERE}/naia"));
    config.schedule.sealing = "nightly".into();
    let refused = pattern_worker::run_with(
        config,
        JobTypes::shipped(),
        |_| idle_handler(),
        Readiness::default(),
        CancellationToken::new(),
    )
    .await;
    assert!(refused.unwrap_err().to_string().contains("nightly"));
}

#[tokio::test]
async fn an_option_that_librdkafka_does_not_know_is_refused_at_once_by_its_name() {
    let mut config = config(&format!("postgres://naia@{NOWHERE}/naia"));
    config.kafka.options.insert("sasl.pasword".into(), "x".into());
    let refused = pattern_worker::run_with(
        config,
        JobTypes::shipped(),
        |_| idle_handler(),
        Readiness::default(),
        CancellationToken::new(),
    )
    .await;
    assert!(refused.unwrap_err().to_string().contains("sasl.pasword"));
}
