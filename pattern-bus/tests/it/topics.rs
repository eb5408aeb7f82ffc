use pattern_bus::{
    MAX_RECORD_BYTES,
    topics::{ensure_topics, partition_counts},
};
use pattern_core::domain::{EVENT_TOPICS, TOPIC_DATAPOINTS, TOPIC_SUGGESTIONS, dead_letter_topic};
use pattern_embedded::testing::eventually;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
};

use crate::event_stream::TestStream;

fn admin(stream: &TestStream) -> AdminClient<DefaultClientContext> {
    stream.kafka.client().create().unwrap()
}

/// The broker answers metadata from a moment ago.
async fn wait_for_partitions(stream: &TestStream, topic: &str, count: i32) {
    let topic = stream.kafka.topic(topic);
    eventually("the partitions are there", async || {
        (partition_counts(&stream.kafka).await.unwrap().get(&topic) == Some(&count)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_topics_are_made_with_their_partitions_and_retention() {
    let stream = TestStream::create().await;
    ensure_topics(&stream.kafka).await.unwrap();
    for topic in EVENT_TOPICS {
        wait_for_partitions(&stream, topic, 3).await;
        wait_for_partitions(&stream, &dead_letter_topic(topic), 3).await;
    }
    wait_for_partitions(&stream, TOPIC_DATAPOINTS, 12).await;

    let topic = stream.kafka.topic(TOPIC_SUGGESTIONS);
    let described = admin(&stream)
        .describe_configs([&ResourceSpecifier::Topic(&topic)], &AdminOptions::new())
        .await
        .unwrap();
    let config = described[0].as_ref().unwrap();
    assert_eq!(config.get("retention.ms").unwrap().value.as_deref(), Some("604800000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_topic_takes_larger_records_from_now_on_and_keeps_what_else_is_set() {
    let stream = TestStream::create().await;
    let topic = stream.kafka.topic(TOPIC_SUGGESTIONS);
    let older = NewTopic::new(&topic, 3, TopicReplication::Fixed(1)).set("retention.ms", "86400000");
    admin(&stream).create_topics([&older], &AdminOptions::new()).await.unwrap();
    wait_for_partitions(&stream, TOPIC_SUGGESTIONS, 3).await;
    ensure_topics(&stream.kafka).await.unwrap();
    eventually("the limit is raised", async || {
        let asked = [ResourceSpecifier::Topic(&topic)];
        let described = admin(&stream).describe_configs(&asked, &AdminOptions::new()).await.unwrap();
        let config = described[0].as_ref().unwrap();
        let value = |name| config.get(name).unwrap().value.as_deref();
        assert_eq!(value("retention.ms"), Some("86400000"));
        (value("max.message.bytes") == Some(&MAX_RECORD_BYTES.to_string())).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preparing_the_topics_again_changes_nothing() {
    let stream = TestStream::create().await;
    let (first, second) = tokio::join!(ensure_topics(&stream.kafka), ensure_topics(&stream.kafka));
    first.unwrap();
    second.unwrap();
    wait_for_partitions(&stream, TOPIC_DATAPOINTS, 12).await;
    ensure_topics(&stream.kafka).await.unwrap();
    wait_for_partitions(&stream, TOPIC_DATAPOINTS, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_a_broker_made_on_first_use_gets_its_partitions() {
    let stream = TestStream::create().await;
    let topic = stream.kafka.topic(TOPIC_DATAPOINTS);
    let small = NewTopic::new(&topic, 1, TopicReplication::Fixed(1));
    admin(&stream).create_topics([&small], &AdminOptions::new()).await.unwrap();
    wait_for_partitions(&stream, TOPIC_DATAPOINTS, 1).await;
    ensure_topics(&stream.kafka).await.unwrap();
    wait_for_partitions(&stream, TOPIC_DATAPOINTS, 12).await;
}
