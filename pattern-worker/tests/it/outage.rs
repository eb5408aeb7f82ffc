//! Servers that go away and come back: work goes on where it can, and nothing is lost.

use chrono::Utc;
use pattern_bus::{Producer, datapoints::publish_batches};
use pattern_core::domain::{ApproveRequest, NamedSample, RunStatus, SuggestionStatus};
use pattern_embedded::{EmbeddedKafka, EmbeddedPostgres, PostgresUse, testing};
use pattern_store::{DecisionRequest, NewPoint};
use std::{collections::BTreeMap, time::Duration};

use crate::site::{NAME, PublishedEvent, Site, Worker, until};

#[tokio::test]
async fn with_the_broker_away_jobs_and_decisions_go_on_and_the_outbox_drains_in_order() {
    let (data_dir, programs) = (testing::private_folder("broker-away"), testing::kafka_programs());
    let kafka = EmbeddedKafka::start(&data_dir, &programs).await.expect("kafka");
    let database = testing::TestDatabase::create().await;
    let site = Site::on(database.url.clone(), kafka.bootstrap()).await;
    site.add_points().await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    site.until_drained().await;

    kafka.stop().await;
    let pump = site.suggestions(SuggestionStatus::Pending).await.remove(0);
    let approve = DecisionRequest::Approve(ApproveRequest::default());
    site.store.decide(pump.id, &approve, "anna", None, Utc::now()).await.expect("a decision needs no broker");
    site.until_learned().await;
    let waiting = site.count("select count(*) from outbox where published_at is null").await;
    assert!(waiting >= 3, "approval, confidence and look-alikes wait: {waiting}");

    let _kafka = EmbeddedKafka::start(&data_dir, &programs).await.expect("kafka again");
    site.until_drained().await;
    let top = site.count("select max(position) from outbox").await;
    assert_eq!(positions_on_the_broker(&site), (1..=top).collect::<Vec<_>>(), "every event is there");
}

/// Positions of all published events; panics where a partition is not in order.
fn positions_on_the_broker(site: &Site) -> Vec<i64> {
    let (mut seen, mut last) = (Vec::new(), BTreeMap::new());
    for PublishedEvent { topic, partition, position, .. } in site.published_events() {
        let before = last.insert((topic, partition), position);
        assert!(before.is_none_or(|before| before < position), "{before:?} before {position}");
        seen.push(position);
    }
    seen.sort_unstable();
    seen
}

#[tokio::test]
async fn with_postgres_away_the_worker_waits_without_spinning_and_loses_no_sample() {
    let data_dir = testing::private_folder("postgres-away");
    let postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await.expect("postgres");
    let site = Site::on(postgres.database_url("postgres"), testing::kafka_bootstrap()).await;
    site.store.register_points(NAME, &[NewPoint::named("T-1.LEVEL")]).await.expect("point");
    let worker = Worker::start(&site);
    site.analyse().await;

    postgres.stop().await;
    let now = Utc::now();
    let samples: Vec<NamedSample> = (0..1000)
        .map(|i| NamedSample {
            name: "T-1.LEVEL".into(),
            timestamp: now - chrono::Duration::seconds(i),
            value: i as f64,
            quality: 0,
        })
        .collect();
    let producer = Producer::new(&site.kafka).expect("producer");
    publish_batches(&producer, &site.kafka, NAME, &samples).await.expect("publish");
    let used = testing::processor_seconds_during(worker.pid(), Duration::from_secs(4)).await;
    assert!(used < 1.0, "{used} s of processor time in 4 s of waiting");

    let _postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await.expect("postgres again");
    until("all samples are stored", || async {
        let count: Option<i64> =
            sqlx::query_scalar("select count(*) from samples").fetch_one(site.store.pool()).await.ok();
        count == Some(1000)
    })
    .await;
    let run = site.finished(site.start_flywheel().await).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
}
