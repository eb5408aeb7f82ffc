use pattern_bus::{CONTENT_TYPE, topics};
use pattern_core::domain::TOPIC_CLUSTERS;
use pattern_embedded::{MemoryBroker, testing::eventually};
use sqlx::Executor;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::event_stream::{Consumed, TestStream, append, event, large_event};

async fn all_positions(stream: &TestStream) -> Vec<i64> {
    let events = stream.store.read_events(0, 100_000).await.unwrap().unwrap();
    events.iter().map(|event| event.position).collect()
}

/// Each entity has one partition, and its first deliveries are in the order of its versions.
fn assert_order_per_entity(records: &[Consumed]) {
    let mut versions: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut partitions: BTreeMap<&str, i32> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for record in records {
        assert_eq!(*partitions.entry(&record.key).or_insert(record.partition), record.partition);
        if seen.insert(record.position()) {
            versions
                .entry(&record.key)
                .or_default()
                .push(record.event()["data"]["version"].as_i64().unwrap());
        }
    }
    for (key, versions) in versions {
        assert!(versions.is_sorted(), "{key}: {versions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_leave_no_hole_and_no_duplicate_position() {
    let stream = Arc::new(TestStream::create().await);
    let relays = [stream.relay("one"), stream.relay("two")];
    let writers = (0..8).map(|writer| {
        let stream = stream.clone();
        tokio::spawn(async move {
            for version in 1..=40 {
                let names = [format!("w{writer}.a"), format!("w{writer}.b"), format!("w{writer}.c")];
                append(&stream.store, &names.map(|name| event(&name, version))).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    stream.wait_until_all_is_published().await;
    for relay in relays {
        relay.stop().await;
    }

    assert_eq!(all_positions(&stream).await, (1..=960).collect::<Vec<_>>());
    let records = stream.records(TOPIC_CLUSTERS).await;
    let positions: BTreeSet<_> = records.iter().map(Consumed::position).collect();
    let ids: BTreeSet<_> = records.iter().map(|r| r.event()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((positions.len(), ids.len()), (960, 960));
    assert_order_per_entity(&records);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_commit_out_of_order_are_not_skipped() {
    let stream = TestStream::create().await;
    let relay = stream.relay("one");
    let mut early = stream.store.pool().begin().await.unwrap();
    pattern_store::outbox::append(&mut early, &[event("early", 1)]).await.unwrap();
    append(&stream.store, &[event("late", 1)]).await;
    stream.wait_until_all_is_published().await;
    assert_eq!(all_positions(&stream).await, [1]);

    early.commit().await.unwrap();
    eventually("the second event is there", async || (all_positions(&stream).await == [1, 2]).then_some(()))
        .await;
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    let mut labels: Vec<_> = stream.records(TOPIC_CLUSTERS).await;
    labels.sort_by_key(Consumed::position);
    let labels: Vec<_> =
        labels.iter().map(|r| r.event()["data"]["label"].as_str().unwrap().to_owned()).collect();
    assert_eq!(labels, ["late", "early"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_leaders_lease_is_taken_over() {
    let stream = TestStream::create().await;
    let leader = stream.relay("leader");
    eventually("the first one leads", async || stream.store.relay_holder().await.unwrap()).await;
    let standby = stream.relay("standby");
    leader.kill().await;
    append(&stream.store, &[event("a", 1)]).await;
    stream.wait_until_all_is_published().await;
    assert_eq!(stream.store.relay_holder().await.unwrap().unwrap().0, "standby");
    standby.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_stops_lets_the_next_one_go_on_at_once() {
    let stream = TestStream::create().await;
    let first = stream.relay("first");
    eventually("the first one leads", async || stream.store.relay_holder().await.unwrap()).await;
    first.stop().await;
    assert_eq!(stream.store.relay_holder().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_publishing_and_marking_repeats_the_same_ids_and_positions() {
    let stream = TestStream::create().await;
    let relay = stream.relay("one");
    append(&stream.store, &(1..=5).map(|v| event("a", v)).collect::<Vec<_>>()).await;
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    let first = stream.records(TOPIC_CLUSTERS).await;
    assert_eq!(first.len(), 5);

    // As if it had been killed before it could mark the last two.
    stream.store.pool().execute("update outbox set published_at = null where position > 3").await.unwrap();
    let relay = stream.relay("two");
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    let again = stream.records(TOPIC_CLUSTERS).await;
    let texts: Vec<_> = again[5..].iter().map(|r| &r.text).collect();
    assert_eq!(texts, [&first[3].text, &first[4].text]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_grows_while_the_broker_is_away_and_drains_in_order() {
    let mut stream = TestStream::on("127.0.0.1:1".into()).await;
    let names = topics::all().into_iter().map(|topic| (stream.kafka.topic(&topic.name), topic.partitions));
    let names: Vec<_> = names.collect();
    let topics: Vec<_> = names.iter().map(|(name, partitions)| (name.as_str(), *partitions)).collect();
    let broker = MemoryBroker::start(&topics).unwrap();
    stream.kafka.bootstrap = broker.bootstrap().to_owned();
    let relay = stream.relay("one");
    append(&stream.store, &[event("a", 1)]).await;
    stream.wait_until_all_is_published().await;

    broker.down().unwrap();
    for version in 2..=100 {
        append(&stream.store, &[event("a", version)]).await;
    }
    // Positions need no broker: clients are served from the outbox meanwhile.
    eventually("all are numbered", async || (all_positions(&stream).await.len() == 100).then_some(())).await;
    assert!(stream.store.unpublished_count().await.unwrap() > 0);

    broker.up().unwrap();
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    let records = stream.records(TOPIC_CLUSTERS).await;
    assert_order_per_entity(&records);
    let positions: BTreeSet<_> = records.iter().map(Consumed::position).collect();
    assert_eq!(positions, (1..=100).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_kafka_can_not_take_is_left_to_the_outbox_and_holds_up_nothing() {
    let mut stream = TestStream::create().await;
    stream.kafka.options.insert("message.max.bytes".into(), "1000000".into());
    append(&stream.store, &[event("a", 1), large_event("large", 2_000_000), event("a", 2)]).await;
    let relay = stream.relay("one");
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    let records = stream.records(TOPIC_CLUSTERS).await;
    assert_eq!(records.iter().map(Consumed::position).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(all_positions(&stream).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_one_cloud_event_with_its_headers() {
    let stream = TestStream::create().await;
    let relay = stream.relay("one");
    append(&stream.store, &[event("a", 7)]).await;
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    let records = stream.records(TOPIC_CLUSTERS).await;
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let value = record.event();
    assert_eq!(value["specversion"], "1.0");
    assert_eq!(value["type"], "ClusterChanged");
    assert_eq!(value["sequence"], "1");
    assert_eq!(value["subject"], record.key);
    assert_eq!(value["data"]["version"], 7);
    assert_eq!(record.headers["content-type"], CONTENT_TYPE);
    assert_eq!(record.headers["id"], value["id"].as_str().unwrap());
    let epoch = stream.store.stream_top().await.unwrap().position.epoch;
    assert_eq!(record.headers["naia-epoch"], epoch);
}
