use pattern_bus::{KafkaSettings, Producer, ReadEvent, Record, read_events, topics};
use pattern_core::domain::{EVENT_TOPICS, TOPIC_CLUSTERS, TOPIC_SUGGESTIONS};
use pattern_embedded::testing::{Away, eventually};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewPartitions},
    client::DefaultClientContext,
};
use std::{collections::BTreeSet, time::Duration};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::event_stream::{LIMIT, TestStream, append, event, large_event};

/// Positions from here on are not what a test is about.
const PROBES: i64 = 1_000_000;

struct Reader {
    events: mpsc::Receiver<ReadEvent>,
    shutdown: CancellationToken,
}

/// Starts a reader and waits until it has every partition: from then on it misses nothing.
async fn start_reader(stream: &TestStream, producer: &Producer, epoch: &str) -> Reader {
    let (sink, mut events) = mpsc::channel(10_000);
    let shutdown = CancellationToken::new();
    tokio::spawn(read_events(stream.kafka.clone(), epoch.into(), sink, shutdown.clone()));
    let partitions: Vec<_> =
        EVENT_TOPICS.into_iter().flat_map(|topic| (0..3).map(move |partition| (topic, partition))).collect();
    let mut unheard: BTreeSet<_> = (0..partitions.len() as i64).collect();
    while !unheard.is_empty() {
        for probe in &unheard {
            let (topic, partition) = partitions[*probe as usize];
            publish(stream, producer, topic, Some(partition), epoch, PROBES + probe).await;
        }
        while let Ok(Some(event)) = timeout(Duration::from_millis(100), events.recv()).await {
            unheard.remove(&(event.position - PROBES));
        }
    }
    Reader { events, shutdown }
}

async fn publish(
    stream: &TestStream,
    producer: &Producer,
    topic: &str,
    partition: Option<i32>,
    epoch: &str,
    position: i64,
) {
    let text = format!(r#"{{"sequence":"{position}","type":"ClusterChanged"}}"#);
    let record = Record {
        topic: &stream.kafka.topic(topic),
        partition,
        key: Some(b"key"),
        payload: Some(text.as_bytes()),
        headers: &[("naia-epoch", epoch.as_bytes())],
    };
    producer.send(record).await.unwrap();
}

/// Receives until all of these positions have come; what the start left over is skipped.
async fn receive(reader: &mut Reader, expected: impl IntoIterator<Item = i64>) {
    let mut expected: BTreeSet<_> = expected.into_iter().collect();
    while !expected.is_empty() {
        let event =
            timeout(LIMIT, reader.events.recv()).await.unwrap_or_else(|_| panic!("never came: {expected:?}"));
        let event = event.unwrap();
        assert!(event.text.contains(&format!("\"{}\"", event.position)));
        if event.position < PROBES {
            assert!(expected.remove(&event.position), "{event:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readers_both_get_every_partition() {
    let stream = TestStream::create().await;
    topics::ensure_topics(&stream.kafka).await.unwrap();
    let producer = Producer::new(&stream.kafka).unwrap();
    let mut one = start_reader(&stream, &producer, "e1").await;
    let mut two = start_reader(&stream, &producer, "e1").await;
    for position in 1..=30 {
        let topic = if position % 2 == 0 { TOPIC_CLUSTERS } else { TOPIC_SUGGESTIONS };
        publish(&stream, &producer, topic, Some((position % 3) as i32), "e1", position).await;
    }
    receive(&mut one, 1..=30).await;
    receive(&mut two, 1..=30).await;
    one.shutdown.cancel();
    two.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_another_epoch_and_foreign_records_are_dropped() {
    let stream = TestStream::create().await;
    topics::ensure_topics(&stream.kafka).await.unwrap();
    let producer = Producer::new(&stream.kafka).unwrap();
    let mut reader = start_reader(&stream, &producer, "e2").await;
    publish(&stream, &producer, TOPIC_CLUSTERS, Some(0), "e1", 1).await;
    let topic = stream.kafka.topic(TOPIC_CLUSTERS);
    for headers in [&[][..], &[("naia-epoch", &b"e2"[..])]] {
        let record =
            Record { topic: &topic, partition: Some(0), key: None, payload: Some(b"\xffno event"), headers };
        producer.send(record).await.unwrap();
    }
    publish(&stream, &producer, TOPIC_CLUSTERS, Some(0), "e2", 2).await;
    receive(&mut reader, [2]).await;
    reader.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_several_megabytes_goes_from_the_outbox_through_kafka_to_the_reader() {
    let stream = TestStream::create().await;
    topics::ensure_topics(&stream.kafka).await.unwrap();
    let producer = Producer::new(&stream.kafka).unwrap();
    let epoch = stream.store.stream_top().await.unwrap().position.epoch;
    let mut reader = start_reader(&stream, &producer, &epoch).await;
    append(&stream.store, &[event("before", 1), large_event("large", 3_000_000), event("after", 1)]).await;
    let relay = stream.relay("one");
    receive(&mut reader, 1..=3).await;
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    reader.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_appears_later_is_found() {
    let stream = TestStream::create().await;
    let (sink, events) = mpsc::channel(10_000);
    let shutdown = CancellationToken::new();
    tokio::spawn(read_events(stream.kafka.clone(), "e1".into(), sink, shutdown.clone()));
    topics::ensure_topics(&stream.kafka).await.unwrap();
    let producer = Producer::new(&stream.kafka).unwrap();
    let mut reader = Reader { events, shutdown };
    // It reads from the end, so records have to keep coming until it has found the topic.
    for position in 1.. {
        publish(&stream, &producer, TOPIC_CLUSTERS, Some(0), "e1", position).await;
        if timeout(Duration::from_millis(200), reader.events.recv()).await.is_ok_and(|e| e.is_some()) {
            break;
        }
        assert!(position < 500, "the topic was never found");
    }
    reader.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_appears_later_is_read_whole() {
    let stream = TestStream::create().await;
    topics::ensure_topics(&stream.kafka).await.unwrap();
    let producer = Producer::new(&stream.kafka).unwrap();
    let mut reader = start_reader(&stream, &producer, "e1").await;
    let topic = stream.kafka.topic(TOPIC_CLUSTERS);
    let admin: AdminClient<DefaultClientContext> = stream.kafka.client().create().unwrap();
    let more = NewPartitions::new(&topic, 4);
    admin.create_partitions([&more], &AdminOptions::new()).await.unwrap();
    eventually("the partition is there", || async {
        (topics::partition_counts(&stream.kafka).await.unwrap()[&topic] == 4).then_some(())
    })
    .await;
    // Another client: the first one has yet to learn of the partition.
    let producer = Producer::new(&stream.kafka).unwrap();
    publish(&stream, &producer, TOPIC_CLUSTERS, Some(3), "e1", 5).await;
    receive(&mut reader, [5]).await;
    reader.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_stops_while_the_broker_is_away() {
    let broker = Away::new().await;
    let (sink, _events) = mpsc::channel(1);
    let shutdown = CancellationToken::new();
    let kafka = KafkaSettings::new(&broker.address);
    let reader = tokio::spawn(read_events(kafka, "e1".into(), sink, shutdown.clone()));
    broker.is_looked_for().await;
    shutdown.cancel();
    timeout(LIMIT, reader).await.unwrap().unwrap().unwrap();
}
