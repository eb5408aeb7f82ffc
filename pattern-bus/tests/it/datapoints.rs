use chrono::{DateTime, Duration, TimeZone, Utc};
use pattern_bus::{
    KafkaSettings, Producer, Record,
    datapoints::publish_batches,
    dlq::{HEADER_PREFIX, redrive},
};
use pattern_core::domain::NamedSample;
use pattern_embedded::testing::{Away, postgres_url};
use pattern_store::Store;
use rdkafka::{
    Message,
    consumer::{Consumer, StreamConsumer},
    message::{Headers, OwnedMessage},
    mocking::MockCluster,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};

use sqlx::{Connection, Executor};

use crate::support::{DATAPOINTS, RunningConsumer, TestKafka, eventually, test_store};

pub fn sample(name: &str, second: i64, value: f64) -> NamedSample {
    NamedSample { name: name.into(), timestamp: at(second), value, quality: 0 }
}

pub fn at(second: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 0, 0, 0).unwrap() + Duration::seconds(second)
}

/// Every physical row of a sample, duplicates included.
pub async fn rows(store: &Store) -> Vec<(i32, DateTime<Utc>, f64)> {
    sqlx::query_as("select point, at, value from samples order by point, at, value")
        .fetch_all(store.pool())
        .await
        .unwrap()
}

pub async fn until_rows(store: &Store, count: usize) {
    eventually("all samples are stored", || async { (rows(store).await.len() >= count).then_some(()) }).await;
}

pub async fn publish(kafka: &TestKafka, samples: &[NamedSample]) {
    publish_batches(&kafka.producer, &kafka.settings, "plant", samples).await.unwrap();
}

async fn publish_raw(kafka: &TestKafka, payload: &[u8]) {
    let topic = kafka.settings.topic(DATAPOINTS);
    let record = Record {
        topic: &topic,
        partition: Some(1),
        key: Some(b"the key"),
        payload: Some(payload),
        headers: &[("traceparent", b"00-ab-cd-01")],
    };
    kafka.producer.send(record).await.unwrap();
}

pub fn series(points: usize, samples: i64) -> Vec<NamedSample> {
    let names: Vec<String> = (0..points).map(|p| format!("T{p}")).collect();
    (0..samples).flat_map(|i| names.iter().map(move |name| sample(name, i, i as f64))).collect()
}

#[tokio::test]
async fn unknown_points_are_registered_and_their_samples_stored() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    publish(&kafka, &[sample("P-101.PV", 1, 1.5), sample("P-102.PV", 1, 2.5), sample("P-101.PV", 2, 3.5)])
        .await;
    until_rows(&store, 3).await;
    consumer.stop().await;

    let points = store.points(Some("plant"), None, None, 10).await.unwrap();
    assert_eq!(points.items.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["P-101.PV", "P-102.PV"]);
    let keys = store.point_keys("plant", &["P-101.PV".into()]).await.unwrap();
    let read = store.read_samples(&[keys["P-101.PV"]], at(0), at(10)).await.unwrap();
    assert_eq!(read[0].iter().map(|s| s.value).collect::<Vec<_>>(), [1.5, 3.5]);
}

#[tokio::test]
async fn qualities_are_stored_as_their_batch_means_them() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    for (name, scale) in [("ours", ""), ("opc-da", r#""quality_scale":"opc-da","#)] {
        let sample = |(second, quality): (usize, &str)| {
            format!(r#"{{"name":"{name}","timestamp":"2026-03-02T00:00:0{second}Z","value":1{quality}}}"#)
        };
        let said =
            ["", r#","quality":0"#, r#","quality":192"#, r#","quality":"Bad""#, r#","quality":2147483648"#];
        let samples: Vec<String> = said.into_iter().enumerate().map(sample).collect();
        let record = format!(r#"{{"data_source":"plant",{scale}"samples":[{}]}}"#, samples.join(","));
        publish_raw(&kafka, record.as_bytes()).await;
    }
    until_rows(&store, 10).await;
    consumer.stop().await;
    let keys = store.point_keys("plant", &["ours".into(), "opc-da".into()]).await.unwrap();
    let read = store.read_samples(&[keys["ours"], keys["opc-da"]], at(0), at(10)).await.unwrap();
    let qualities: Vec<Vec<i16>> = read.iter().map(|of| of.iter().map(|s| s.quality).collect()).collect();
    assert_eq!(qualities, [[0, 0, 0, 1, i16::MIN], [0, 1, 0, 1, i16::MIN]]);
}

#[tokio::test]
async fn a_crash_before_kafka_knows_the_offset_gives_the_same_rows() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    publish(&kafka, &series(5, 100)).await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "before");
    until_rows(&store, 500).await;
    consumer.stop().await;
    let before = rows(&store).await;

    // To Kafka a group of another name has read nothing, as if no commit had ever arrived.
    let consumer = RunningConsumer::start(&kafka.settings, &store, "after");
    publish(&kafka, &[sample("T0", 1_000, 7.0)]).await;
    until_rows(&store, 501).await;
    consumer.stop().await;
    let after: Vec<_> = rows(&store).await.into_iter().filter(|row| row.1 < at(1_000)).collect();
    assert_eq!(after, before);
}

#[tokio::test]
async fn of_several_consumers_that_own_the_same_partitions_each_record_is_stored_once() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let consumers =
        ["one", "two", "three"].map(|group| RunningConsumer::start(&kafka.settings, &store, group));
    for second in 0..40 {
        publish(&kafka, &series(10, 5).iter().map(|s| at_second(s, second * 10)).collect::<Vec<_>>()).await;
    }
    publish(&kafka, &[sample("last", 9_000, 1.0)]).await;
    eventually("the last record is consumed", || async {
        store.points(None, Some("last"), None, 1).await.unwrap().items.pop()
    })
    .await;
    until_rows(&store, 2_001).await;
    for consumer in consumers {
        consumer.stop().await;
    }
    assert_eq!(rows(&store).await.len(), 2_001);
}

fn at_second(sample: &NamedSample, second: i64) -> NamedSample {
    NamedSample { timestamp: sample.timestamp + Duration::seconds(second), ..sample.clone() }
}

#[tokio::test]
async fn a_bad_record_lands_in_the_dead_letters_untouched_and_the_good_ones_are_stored() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let bad = b"{\"data_source\":\"plant\",\"samples\":[ {\"name\":\"nul\\u0000\"";
    let half_bad = br#"{"data_source":"plant","samples":[
        {"name":"old","timestamp":"1985-01-01T00:00:00Z","value":1},
        {"name":"good","timestamp":"2026-03-02T00:00:00Z","value":2}]}"#;
    publish(&kafka, &[sample("A", 1, 1.0)]).await;
    publish_raw(&kafka, bad).await;
    publish_raw(&kafka, half_bad).await;
    publish(&kafka, &[sample("A", 2, 2.0)]).await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 3).await;
    let letters = eventually("both letters are kept", || async {
        let letters = store.dead_letters(None, 10).await.unwrap();
        (letters.len() == 2).then_some(letters)
    })
    .await;
    consumer.stop().await;

    let broken = letters.iter().find(|l| l.payload.as_deref() == Some(bad)).expect("kept as it came");
    assert_eq!(broken.key.as_deref(), Some(&b"the key"[..]));
    let half = letters.iter().find(|l| l.payload.as_deref() == Some(half_bad)).expect("kept as it came");
    assert_eq!(
        half.reason,
        "1 of 2 samples cannot be used; sample 0: timestamp 1985-01-01T00:00:00+00:00 is before 1990"
    );

    let published = read_topic(&kafka.settings, "naia.datapoints.dlq", 2).await;
    let message = published.iter().find(|m| m.payload() == Some(bad)).expect("published as it came");
    assert_eq!((message.key(), message.partition()), (Some(&b"the key"[..]), 1));
    let header = |name: &str| {
        let headers = message.headers().expect("has headers");
        let found = headers.iter().find(|h| h.key == name).and_then(|h| h.value);
        String::from_utf8(found.unwrap_or_default().to_vec()).unwrap()
    };
    assert_eq!(header("traceparent"), "00-ab-cd-01");
    assert_eq!(header(&format!("{HEADER_PREFIX}original-topic")), kafka.settings.topic(DATAPOINTS));
    assert_eq!(header(&format!("{HEADER_PREFIX}original-partition")), "1");
    assert_eq!(header(&format!("{HEADER_PREFIX}original-offset")), broken.offset.to_string());
    assert_eq!(header(&format!("{HEADER_PREFIX}original-consumer-group")), kafka.settings.group("g"));
    assert_eq!(header(&format!("{HEADER_PREFIX}exception-message")), broken.reason);
}

/// A record of one good and one bad sample, of so many bytes.
fn large_half_bad(bytes: usize) -> Vec<u8> {
    let noise: String = (0..bytes / 32).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    format!(
        r#"{{"data_source":"plant","samples":[
        {{"name":"{noise}","timestamp":"2026-03-02T00:00:00Z","value":1}},
        {{"name":"good","timestamp":"2026-03-02T00:00:00Z","value":2}}]}}"#
    )
    .into_bytes()
}

#[tokio::test]
async fn a_bad_record_of_several_megabytes_lands_in_the_dead_letters() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let bad = large_half_bad(3_000_000);
    publish_raw(&kafka, &bad).await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 1).await;
    consumer.stop().await;
    let published = read_topic(&kafka.settings, "naia.datapoints.dlq", 1).await;
    assert_eq!(published[0].payload(), Some(&bad[..]));
}

#[tokio::test]
async fn of_a_record_that_inflates_beyond_what_may_be_sent_the_beginning_is_kept() {
    const BYTES: usize = 40_000_000;
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    // Some kilobytes for the broker.
    let mut bomber = kafka.settings.clone();
    bomber.options.extend(
        [("compression.codec", "gzip"), ("message.max.bytes", "100000000")]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    let spaces = vec![b' '; BYTES];
    let topic = kafka.settings.topic(DATAPOINTS);
    let record = Record { topic: &topic, payload: Some(&spaces), ..Record::default() };
    Producer::new(&bomber).unwrap().send(record).await.unwrap();
    publish(&kafka, &[sample("A", 1, 1.0)]).await;

    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 1).await;
    let letter =
        eventually("the letter is kept", || async { store.dead_letters(None, 10).await.unwrap().pop() })
            .await;
    consumer.stop().await;
    assert_eq!(letter.payload.unwrap().len(), 64 * 1024);
    assert!(letter.reason.contains("40000000 bytes"), "{}", letter.reason);
}

#[tokio::test]
async fn a_dead_letter_that_kafka_can_not_take_is_kept_in_postgres_and_holds_up_nothing() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let bad = large_half_bad(1_500_000);
    publish_raw(&kafka, &bad).await;
    publish(&kafka, &[sample("A", 1, 1.0)]).await;
    let mut small = kafka.settings.clone();
    small.options.insert("message.max.bytes".into(), "1000000".into());
    let consumer = RunningConsumer::start(&small, &store, "g");
    until_rows(&store, 2).await;
    consumer.stop().await;
    let letter = store.dead_letters(None, 10).await.unwrap().pop().unwrap();
    assert_eq!(letter.payload, Some(bad));
}

#[tokio::test]
async fn a_dead_letter_can_be_redriven_once() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    publish_raw(&kafka, b"nonsense").await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    let letter =
        eventually("the letter is kept", || async { store.dead_letters(None, 10).await.unwrap().pop() })
            .await;
    consumer.stop().await;

    redrive(&store, &kafka.producer, letter.id).await.unwrap();
    let records = read_topic(&kafka.settings, DATAPOINTS, 2).await;
    assert!(records.iter().all(|r| r.payload() == Some(b"nonsense") && r.key() == Some(b"the key")));
    assert!(store.dead_letter(letter.id).await.unwrap().redriven_at.is_some());
    let again = redrive(&store, &kafka.producer, letter.id).await.unwrap_err();
    assert!(again.to_string().contains("was redriven at"), "{again}");
}

#[tokio::test]
async fn a_topic_that_was_made_again_is_read_from_its_beginning() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    publish(&kafka, &series(4, 10)).await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 40).await;
    consumer.stop().await;

    kafka.delete_topic(DATAPOINTS).await;
    kafka.make_topic(DATAPOINTS, 2).await;
    publish(&kafka, &[sample("new", 1, 1.0), sample("new", 2, 2.0)]).await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 42).await;
    consumer.stop().await;
}

#[tokio::test]
async fn a_topic_that_is_made_again_under_a_running_consumer_is_read_from_its_beginning() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    publish(&kafka, &[sample("old", 1, 1.0)]).await;
    until_rows(&store, 1).await;

    kafka.delete_topic(DATAPOINTS).await;
    kafka.make_topic(DATAPOINTS, 2).await;
    // More records than before, so that an offset from before still lies within the new topic.
    for second in 0..20 {
        publish(&kafka, &[sample("old", 100 + second, 1.0)]).await;
    }
    until_rows(&store, 21).await;
    consumer.stop().await;
    assert_eq!(rows(&store).await.len(), 21);
}

#[tokio::test]
async fn a_topic_that_was_deleted_under_a_running_consumer_is_made_again() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    publish(&kafka, &[sample("old", 1, 1.0)]).await;
    until_rows(&store, 1).await;

    kafka.delete_topic(DATAPOINTS).await;
    let new = [sample("new", 2, 2.0)];
    eventually("samples can be sent again", || async {
        publish_batches(&kafka.producer, &kafka.settings, "plant", &new).await.ok()
    })
    .await;
    until_rows(&store, 2).await;
    consumer.stop().await;
}

#[tokio::test]
async fn consumption_pauses_while_postgres_is_away_and_loses_nothing() {
    let (kafka, (store, database)) = (TestKafka::create().await, test_store().await);
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    publish(&kafka, &series(3, 10)).await;
    until_rows(&store, 30).await;

    let outage = Outage::begin(&database.url).await;
    publish(&kafka, &series(3, 10).iter().map(|s| at_second(s, 1_000)).collect::<Vec<_>>()).await;
    assert!(store.ping().await.is_err(), "the store is away");
    assert!(consumer.is_running());
    outage.end().await;

    until_rows(&store, 60).await;
    publish(&kafka, &[sample("T0", 5_000, 1.0)]).await;
    until_rows(&store, 61).await;
    consumer.stop().await;
    assert_eq!(rows(&store).await.len(), 61);
}

/// A database that nobody may connect to.
pub struct Outage {
    admin: sqlx::PgConnection,
    database: String,
}

impl Outage {
    pub async fn begin(url: &str) -> Self {
        let (_, database) = url.rsplit_once('/').unwrap();
        let admin = sqlx::PgConnection::connect(&postgres_url()).await.unwrap();
        let mut outage = Self { admin, database: database.to_owned() };
        outage.run(format!("alter database {database} allow_connections false")).await;
        outage
            .run(format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
            ))
            .await;
        outage
    }

    pub async fn end(mut self) {
        self.run(format!("alter database {} allow_connections true", self.database)).await;
    }

    async fn run(&mut self, sql: String) {
        self.admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
}

#[tokio::test]
async fn it_stops_within_seconds_while_kafka_and_postgres_are_away() {
    let (postgres, kafka) = (Away::new().await, TestKafka::create().await);
    let nowhere = Store::connect_lazy(&format!("postgres://nobody@{}/none", postgres.address), 2).unwrap();
    publish(&kafka, &[sample("A", 1, 1.0)]).await;
    let consumer = RunningConsumer::start(&kafka.settings, &nowhere, "g");
    postgres.is_looked_for().await;
    consumer.stop().await;

    let broker = Away::new().await;
    let consumer = RunningConsumer::start(&KafkaSettings::new(&broker.address), &nowhere, "g");
    broker.is_looked_for().await;
    consumer.stop().await;
}

async fn read_topic(settings: &KafkaSettings, name: &str, count: usize) -> Vec<OwnedMessage> {
    let mut config = settings.consumer();
    config.set("group.id", "test-reader");
    let reader: StreamConsumer = config.create().unwrap();
    reader.subscribe(&[&settings.topic(name)]).unwrap();
    let mut messages = Vec::new();
    while messages.len() < count {
        let next = tokio::time::timeout(std::time::Duration::from_secs(60), reader.recv()).await;
        messages.push(next.expect("record arrives in time").unwrap().detach());
    }
    messages
}

#[tokio::test]
async fn the_in_memory_broker_is_consumed_and_may_go_away_for_a_while() {
    let cluster = MockCluster::new(1).unwrap();
    let mut settings = KafkaSettings::new(cluster.bootstrap_servers());
    settings.options.insert("reconnect.backoff.max.ms".into(), "200".into());
    cluster.create_topic(DATAPOINTS, 2, 1).unwrap();
    let producer = Producer::new(&settings).unwrap();
    let (store, _database) = test_store().await;
    let consumer = RunningConsumer::start(&settings, &store, "g");
    publish_batches(&producer, &settings, "plant", &series(3, 10)).await.unwrap();
    until_rows(&store, 30).await;

    cluster.broker_down(1).unwrap();
    let later: Vec<_> = series(3, 10).iter().map(|s| at_second(s, 1_000)).collect();
    let publishing = tokio::spawn({
        let (producer, settings) = (producer.clone(), settings.clone());
        async move { publish_batches(&producer, &settings, "plant", &later).await }
    });
    assert!(consumer.is_running());
    cluster.broker_up(1).unwrap();
    publishing.await.unwrap().unwrap();
    until_rows(&store, 60).await;
    consumer.stop().await;
    assert_eq!(rows(&store).await.len(), 60);
}

#[tokio::test]
async fn a_producer_of_dead_letters_that_broke_is_replaced() {
    let cluster = MockCluster::new(1).unwrap();
    let settings = KafkaSettings::new(cluster.bootstrap_servers());
    for topic in [DATAPOINTS, "naia.datapoints.dlq"] {
        cluster.create_topic(topic, 1, 1).unwrap();
    }
    let bad = Record { topic: DATAPOINTS, payload: Some(b"nonsense"), ..Record::default() };
    Producer::new(&settings).unwrap().send(bad).await.unwrap();
    // To an idempotent producer this answer is fatal.
    let fatal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    cluster.request_errors(RDKafkaApiKey::Produce, &[fatal]);
    let (store, _database) = test_store().await;
    let consumer = RunningConsumer::start(&settings, &store, "g");
    eventually("the letter is kept", || async { store.dead_letters(None, 10).await.unwrap().pop() }).await;
    consumer.stop().await;
    let published = read_topic(&settings, "naia.datapoints.dlq", 1).await;
    assert_eq!(published[0].payload(), Some(&b"nonsense"[..]));
}
