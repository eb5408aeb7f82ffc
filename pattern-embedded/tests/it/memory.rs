//! What the product relies on when it falls back to the in-memory broker.

use pattern_embedded::MemoryBroker;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, StreamConsumer},
    message::{Header, Headers, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);

fn config(broker: &MemoryBroker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap());
    config
}

fn producer(broker: &MemoryBroker) -> FutureProducer {
    let mut config = config(broker);
    config.set("compression.type", "snappy").set("enable.idempotence", "true").set("acks", "all");
    config.set("partitioner", "murmur2_random").create().unwrap()
}

#[tokio::test]
async fn topics_exist_with_their_partitions() {
    let broker = MemoryBroker::start(&[("three", 3), ("twelve", 12)]).unwrap();
    let client: BaseConsumer = config(&broker).create().unwrap();
    let partitions =
        |topic| client.fetch_metadata(Some(topic), TIMEOUT).unwrap().topics()[0].partitions().len();
    assert_eq!((partitions("three"), partitions("twelve")), (3, 12));
}

#[tokio::test]
async fn records_of_one_key_stay_in_order_with_headers_through_snappy() {
    let broker = MemoryBroker::start(&[("events", 3)]).unwrap();
    let producer = producer(&broker);
    let mut partition = None;
    for n in 0..100 {
        let headers = OwnedHeaders::new().insert(Header { key: "n", value: Some(&n.to_string()) });
        let payload = format!("{n} {}", "x".repeat(200));
        let record = FutureRecord::to("events").key("one").payload(&payload).headers(headers);
        partition = Some(producer.send(record, TIMEOUT).await.unwrap().partition);
    }
    let reader: StreamConsumer = config(&broker).set("group.id", "unused").create().unwrap();
    let mut all = TopicPartitionList::new();
    all.add_partition_offset("events", partition.unwrap(), Offset::Beginning).unwrap();
    reader.assign(&all).unwrap();
    for n in 0..100 {
        let message = tokio::time::timeout(TIMEOUT, reader.recv()).await.unwrap().unwrap();
        assert_eq!(message.offset(), n);
        assert!(message.payload_view::<str>().unwrap().unwrap().starts_with(&format!("{n} ")));
        assert_eq!(message.headers().unwrap().get(0).value, Some(n.to_string().as_bytes()));
    }
}

#[tokio::test]
async fn a_group_reads_what_was_there_before_it() {
    let broker = MemoryBroker::start(&[("datapoints", 12)]).unwrap();
    let producer = producer(&broker);
    for n in 0..24 {
        let (key, payload) = (format!("key {n}"), n.to_string());
        producer.send(FutureRecord::to("datapoints").key(&key).payload(&payload), TIMEOUT).await.unwrap();
    }
    let member: StreamConsumer = config(&broker)
        .set("group.id", "naia-pattern-worker")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    member.subscribe(&["datapoints"]).unwrap();
    let mut seen = Vec::new();
    while seen.len() < 24 {
        let message = tokio::time::timeout(TIMEOUT, member.recv()).await.unwrap().unwrap();
        seen.push(message.payload_view::<str>().unwrap().unwrap().parse::<u32>().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..24).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_sent_while_the_broker_is_down_arrives_once_when_it_is_back() {
    let broker = MemoryBroker::start(&[("events", 1)]).unwrap();
    let producer = producer(&broker);
    producer.send(FutureRecord::to("events").key("a").payload("before"), TIMEOUT).await.unwrap();
    broker.down().unwrap();
    let waiting = producer.send_result(FutureRecord::to("events").key("a").payload("meanwhile")).unwrap();
    broker.up().unwrap();
    waiting.await.unwrap().unwrap();

    let client: BaseConsumer = config(&broker).create().unwrap();
    assert_eq!(client.fetch_watermarks("events", 0, TIMEOUT).unwrap(), (0, 2));
}
