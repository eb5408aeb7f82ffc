//! What a worker's log says of a server that is away.

use pattern_bus::{Producer, datapoints::publish_batches};
use pattern_config::LogConfig;
use pattern_core::domain::NamedSample;
use pattern_embedded::{EmbeddedKafka, EmbeddedPostgres, PostgresUse, testing};
use std::{fs, fs::File, path::Path};

use crate::site::{Site, Worker, until};

/// So many failures are enough to fill a log in which each has a line.
const FAILURES: usize = 20;

#[tokio::test]
async fn an_outage_of_the_broker_is_one_line_when_it_begins_and_one_when_it_ends() {
    let (data_dir, programs) = (testing::private_folder("logged-kafka"), testing::kafka_programs());
    let kafka = EmbeddedKafka::start(&data_dir, &programs).await.expect("kafka");
    let database = testing::TestDatabase::create().await;
    let site = Site::on(database.url.clone(), kafka.bootstrap()).await;
    site.add_points().await;
    let log = data_dir.path().join("worker.log");
    let file = File::create(&log).expect("log");
    let worker = Worker::logging_to(file, &site, &[("RUST_LOG", "info,pattern_bus::client_log=debug")]);
    site.analyse().await;
    site.until_drained().await;
    until("samples are taken in", || async { lines_with(&log, "consuming").len() == 1 }).await;
    assert_eq!(lines_with(&log, "WARN"), [""; 0], "before");

    // Dropped: killed.
    drop(kafka);
    until("the outage is told", || async { !lines_with(&log, "kafka does not answer").is_empty() }).await;
    // Events to publish, too.
    site.analyse().await;
    until("much has failed", || async { lines_with(&log, "DEBUG").len() >= FAILURES }).await;
    let _kafka = EmbeddedKafka::start(&data_dir, &programs).await.expect("kafka again");
    until("its end is told", || async { !lines_with(&log, "kafka answers again").is_empty() }).await;
    publish_one(&site).await;
    site.until_any("select count(*) from samples").await;

    drop(worker);
    let told = [lines_with(&log, "WARN"), lines_with(&log, "ERROR")].concat();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("kafka does not answer, trying again"), "{told:#?}");
    // Refused, or reset where it was killed just then.
    assert!(told[0].contains("failed: Connection re"), "it says why: {told:#?}");
    assert!(told[1].contains("kafka answers again"), "{told:#?}");
}

#[tokio::test]
async fn an_outage_of_postgres_is_one_line_when_it_begins_and_one_when_it_ends() {
    let data_dir = testing::private_folder("logged-postgres");
    let postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await.expect("postgres");
    let site = Site::on(postgres.database_url("postgres"), testing::kafka_bootstrap()).await;
    site.add_points().await;
    let log = data_dir.path().join("worker.log");
    let file = File::create(&log).expect("log");
    // What is logged unless somebody asks for more, and each failure of the outage.
    let filter = format!("{},pattern_store::outage=debug", LogConfig::default().filter);
    let worker = Worker::logging_to(file, &site, &[("RUST_LOG", &filter)]);
    site.analyse().await;
    site.until_drained().await;
    until("samples are taken in", || async { lines_with(&log, "consuming").len() == 1 }).await;
    assert_eq!(lines_with(&log, "WARN"), [""; 0], "before");

    postgres.stop().await;
    publish_one(&site).await;
    until("the outage is told", || async { !lines_with(&log, "until postgres is back").is_empty() }).await;
    until("much has failed", || async { lines_with(&log, "DEBUG").len() >= FAILURES }).await;
    let _postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await.expect("postgres again");
    until("its end is told", || async { !lines_with(&log, "seconds=").is_empty() }).await;
    until("the sample is stored", || async {
        let stored = sqlx::query_scalar::<_, i64>("select count(*) from samples");
        stored.fetch_one(site.store.pool()).await.is_ok_and(|count| count == 1)
    })
    .await;

    drop(worker);
    let told = [lines_with(&log, "WARN"), lines_with(&log, "ERROR")].concat();
    let texts: Vec<_> = told.iter().filter(|line| line.contains("until postgres is back")).collect();
    assert_eq!((texts.len(), told.len()), (1, 2), "{told:#?}");
}

async fn publish_one(site: &Site) {
    let sample = NamedSample { name: "T".into(), timestamp: chrono::Utc::now(), value: 1.0, quality: 0 };
    let producer = Producer::new(&site.kafka).expect("producer");
    publish_batches(&producer, &site.kafka, "plant", &[sample]).await.expect("publish");
}

fn lines_with(log: &Path, text: &str) -> Vec<String> {
    let log = fs::read_to_string(log).expect("log");
    log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}
