//! The ingest while a server is away, and as soon as it is back.

use pattern_bus::{KafkaSettings, Producer, Record, datapoints::publish_batches};
use pattern_embedded::{
    DataDir, EmbeddedKafka, MemoryBroker,
    testing::{Away, kafka_programs, private_folder},
};
use pattern_store::Store;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::time::{Duration, Instant};

use crate::{
    datapoints::{sample, series, until_rows},
    support::{DATAPOINTS, RunningConsumer, TestKafka, eventually, test_store},
};

#[tokio::test]
async fn errors_that_pile_up_do_not_delay_the_records_behind_them() {
    // A pause of 5 s for each would outlast the patience of the test.
    const ERRORS: usize = 60;
    let broker = MemoryBroker::start(&[(DATAPOINTS, 1), ("naia.datapoints.dlq", 1)]).unwrap();
    let mut settings = KafkaSettings::new(broker.bootstrap());
    settings.options.insert("fetch.error.backoff.ms".into(), "0".into());
    let producer = Producer::new(&settings).unwrap();
    let (store, _database) = test_store().await;
    let consumer = RunningConsumer::start(&settings, &store, "g");
    publish_batches(&producer, &settings, "plant", &[sample("A", 1, 1.0)]).await.unwrap();
    until_rows(&store, 1).await;

    let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_MSG;
    broker.with(move |cluster| cluster.request_errors(RDKafkaApiKey::Fetch, &[error; ERRORS])).unwrap();
    publish_batches(&producer, &settings, "plant", &[sample("A", 2, 2.0)]).await.unwrap();
    until_rows(&store, 2).await;
    consumer.stop().await;
}

#[tokio::test]
async fn a_member_whose_batch_waits_for_postgres_hands_partitions_over() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    for partition in [0, 1] {
        publish_to(&kafka, partition, &format!("P{partition}"), 1).await;
    }
    let postgres = Away::new().await;
    let nowhere = Store::connect_lazy(&format!("postgres://nobody@{}/none", postgres.address), 2).unwrap();
    let stuck = RunningConsumer::start(&kafka.settings, &nowhere, "g");
    // It has partitions, and looks for the offsets.
    postgres.is_looked_for().await;

    let working = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 1).await;
    // What it was given it gives back when the other one leaves; then all is its own.
    stuck.stop().await;
    until_rows(&store, 2).await;
    working.stop().await;
}

pub async fn publish_to(kafka: &TestKafka, partition: i32, name: &str, second: i64) {
    let batch = serde_json::json!({ "data_source": "plant", "samples": [sample(name, second, 1.0)] });
    let topic = kafka.settings.topic(DATAPOINTS);
    let payload = batch.to_string();
    let record = Record {
        topic: &topic,
        partition: Some(partition),
        payload: Some(payload.as_bytes()),
        ..Record::default()
    };
    kafka.producer.send(record).await.unwrap();
}

#[tokio::test]
async fn records_are_received_while_a_batch_waits_and_stored_once_postgres_is_back() {
    let (kafka, (store, database)) = (TestKafka::create().await, test_store().await);
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    crate::datapoints::publish(&kafka, &series(2, 5)).await;
    until_rows(&store, 10).await;

    let outage = crate::datapoints::Outage::begin(&database.url).await;
    // More than one batch holds, so that receiving has to stop.
    let long: Vec<_> = (0..300_000).map(|i| sample("long", 10 + i, 0.5)).collect();
    crate::datapoints::publish(&kafka, &long).await;
    // Whoever joins now is let in only by a member that is polled.
    let nobody = Away::new().await;
    let other = Store::connect_lazy(&format!("postgres://nobody@{}/none", nobody.address), 2).unwrap();
    let joining = RunningConsumer::start(&kafka.settings, &other, "g");
    nobody.is_looked_for().await;
    joining.stop().await;
    outage.end().await;

    let count =
        || sqlx::query_scalar::<_, i64>("select count(distinct at) from samples").fetch_one(store.pool());
    eventually("all are stored", || async { (count().await.ok()? == 300_005).then_some(()) }).await;
    consumer.stop().await;
}

/// A broker of the test's own, that can be killed.
struct OwnKafka {
    data_dir: DataDir,
    running: Option<EmbeddedKafka>,
}

impl OwnKafka {
    async fn start() -> Self {
        let mut own = Self { data_dir: private_folder("killed-kafka"), running: None };
        own.start_again().await;
        own
    }

    /// On the ports that it had.
    async fn start_again(&mut self) {
        self.running = Some(EmbeddedKafka::start(&self.data_dir, &kafka_programs()).await.unwrap());
    }

    /// As `kill -9`.
    fn kill(&mut self) {
        self.running = None;
    }

    fn bootstrap(&self) -> String {
        self.running.as_ref().expect("it runs").bootstrap()
    }
}

/// Less than the session of a member that the group still waits for.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Longer than the session of a group's member, so that the group takes everybody for new.
const LONGER_THAN_A_SESSION: Duration = Duration::from_secs(9);

#[tokio::test]
async fn after_an_outage_that_is_longer_than_a_session_the_ingest_goes_on_at_once() {
    let mut kafka = OwnKafka::start().await;
    let mut settings = KafkaSettings::new(kafka.bootstrap());
    settings.options.insert("session.timeout.ms".into(), "6000".into());
    pattern_bus::topics::ensure_topics(&settings).await.unwrap();
    let producer = Producer::new(&settings).unwrap();
    let (store, _database) = test_store().await;
    let consumers = [1, 2].map(|_| RunningConsumer::start(&settings, &store, "g"));
    publish_batches(&producer, &settings, "plant", &series(20, 1)).await.unwrap();
    until_rows(&store, 20).await;

    kafka.kill();
    // Some of it is received and waits for the broker while it is away.
    let later: Vec<_> = (1..2_000).map(|second| sample("A", second, 1.0)).collect();
    let mut publishing = tokio::spawn({
        let (producer, settings) = (producer.clone(), settings.clone());
        async move { publish_batches(&producer, &settings, "plant", &later).await }
    });
    let taken = tokio::time::timeout(LONGER_THAN_A_SESSION, &mut publishing).await;
    assert!(taken.is_err(), "nobody takes it: {taken:?}");
    kafka.start_again().await;
    let back = Instant::now();
    publishing.await.unwrap().unwrap();
    until_rows(&store, 20 + 1_999).await;
    let took = back.elapsed();
    for consumer in consumers {
        consumer.stop().await;
    }
    assert!(took < AT_ONCE, "{took:?} after the broker was back");
}
