//! Records that are deleted before they are read.

use pattern_bus::datapoints::LagProbe;
use pattern_embedded::testing::until;
use pattern_store::Store;
use rdkafka::{Offset, TopicPartitionList, admin::AdminOptions};
use sqlx::{Connection, Executor};
use std::time::Duration;

use crate::{
    datapoints::{sample, until_rows},
    support::{DATAPOINTS, RunningConsumer, TestKafka, eventually, test_store},
};

/// All samples of one point go to one partition, one record each.
async fn publish_records(kafka: &TestKafka, seconds: impl Iterator<Item = i64>) {
    for second in seconds {
        crate::datapoints::publish(kafka, &[sample("P", second, 1.0)]).await;
    }
}

/// Deletes what lies before the offset, as retention does.
async fn delete_before(kafka: &TestKafka, partition: i32, offset: i64) {
    let mut list = TopicPartitionList::new();
    let topic = kafka.settings.topic(DATAPOINTS);
    list.add_partition_offset(&topic, partition, Offset::Offset(offset)).unwrap();
    let deleted = kafka.admin().delete_records(&list, &AdminOptions::new()).await.unwrap();
    assert_eq!(deleted.elements()[0].offset(), Offset::Offset(offset));
}

/// The partition that has been read, and how far.
async fn read_so_far(store: &Store) -> (i32, i64) {
    sqlx::query_as("select partition, next_offset from consumed_offsets where next_offset > 0")
        .fetch_one(store.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn records_that_were_deleted_while_nobody_read_are_kept_as_a_gap() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    publish_records(&kafka, 0..5).await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 5).await;
    consumer.stop().await;
    let (partition, next) = read_so_far(&store).await;
    assert_eq!(next, 5);

    publish_records(&kafka, 5..12).await;
    delete_before(&kafka, partition, 10).await;
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 7).await;
    consumer.stop().await;
    let gaps = store.ingest_gaps(10).await.unwrap();
    let places: Vec<_> = gaps.iter().map(|g| (g.partition, g.from_offset, g.to_offset)).collect();
    assert_eq!(places, [(partition, 5, 10)]);
    assert_eq!(gaps[0].topic, kafka.settings.topic(DATAPOINTS));
    let totals = store.ingest_gap_totals().await.unwrap();
    assert_eq!((totals.gaps, totals.records), (1, 5));
    assert_eq!(read_so_far(&store).await, (partition, 12));

    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    publish_records(&kafka, 12..13).await;
    until_rows(&store, 8).await;
    consumer.stop().await;
    assert_eq!(store.ingest_gaps(10).await.unwrap().len(), 1, "a gap is kept once");
}

#[tokio::test]
async fn records_that_are_deleted_under_a_reading_consumer_are_kept_as_a_gap() {
    let (kafka, (store, database)) = (TestKafka::create().await, test_store().await);
    // Fetches little at a time, so that what is deleted was not fetched before.
    let mut slow = kafka.settings.clone();
    slow.options.extend([
        ("queued.min.messages".into(), "1".into()),
        ("queued.max.messages.kbytes".into(), "1".into()),
        ("fetch.message.max.bytes".into(), "1".into()),
    ]);
    publish_records(&kafka, 0..1).await;
    let consumer = RunningConsumer::start(&slow, &store, "g");
    until_rows(&store, 1).await;
    let (partition, _) = read_so_far(&store).await;

    let mut held = sqlx::PgConnection::connect(&database.url).await.unwrap();
    held.execute("begin; lock table sample_days in access exclusive mode").await.unwrap();
    publish_records(&kafka, 1..2).await;
    until("a batch is being stored", || somebody_waits_for_a_lock(&store)).await;
    publish_records(&kafka, 2..400).await;
    let end = end_of(&kafka, partition);
    delete_before(&kafka, partition, end).await;
    publish_records(&kafka, 900..901).await;
    drop(held);

    eventually("the last record is stored", || async {
        (read_so_far(&store).await.1 == end + 1).then_some(())
    })
    .await;
    consumer.stop().await;
    let rows: i64 =
        sqlx::query_scalar("select count(distinct at) from samples").fetch_one(store.pool()).await.unwrap();
    // Whether all was received before it was deleted is a matter of luck; that all is accounted for is not.
    let missing = store.ingest_gap_totals().await.unwrap().records;
    assert_eq!(rows + missing, end + 1, "{rows} stored, {missing} missing");
    assert!(rows >= 3, "what was being stored is stored: {rows}");
}

async fn somebody_waits_for_a_lock(store: &Store) -> bool {
    sqlx::query_scalar(
        "select exists (select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock')",
    )
    .fetch_one(store.pool())
    .await
    .unwrap()
}

fn end_of(kafka: &TestKafka, partition: i32) -> i64 {
    let client = kafka.admin();
    let topic = kafka.settings.topic(DATAPOINTS);
    client.inner().fetch_watermarks(&topic, partition, Duration::from_secs(10)).unwrap().1
}

#[tokio::test]
async fn the_lag_is_what_waits_on_the_topic() {
    let (kafka, (store, _database)) = (TestKafka::create().await, test_store().await);
    let probe = LagProbe::new(&kafka.settings).unwrap();
    let within = Duration::from_secs(20);
    let lag = probe.ingest_lag(&store, within).await.unwrap().unwrap();
    assert_eq!((lag.records, lag.last_progress), (0, None));

    publish_records(&kafka, 0..3).await;
    assert_eq!(probe.ingest_lag(&store, within).await.unwrap().unwrap().records, 3);
    let consumer = RunningConsumer::start(&kafka.settings, &store, "g");
    until_rows(&store, 3).await;
    consumer.stop().await;
    let lag = probe.ingest_lag(&store, within).await.unwrap().unwrap();
    assert_eq!(lag.records, 0);
    assert!(lag.last_progress.is_some());
    publish_records(&kafka, 3..5).await;
    assert_eq!(probe.ingest_lag(&store, within).await.unwrap().unwrap().records, 2);

    let away = pattern_embedded::testing::Away::new().await;
    let nobody = LagProbe::new(&pattern_bus::KafkaSettings::new(&away.address)).unwrap();
    let problem = nobody.ingest_lag(&store, Duration::from_millis(600)).await.unwrap_err();
    assert!(matches!(problem, pattern_bus::BusError::Unavailable(_)), "{problem}");
}
