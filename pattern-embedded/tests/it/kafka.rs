use pattern_embedded::{DataDir, EmbeddedKafka, testing};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    producer::{FutureProducer, FutureRecord},
};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(30);

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}

#[tokio::test]
async fn topics_and_their_records_outlive_a_restart() {
    let outer = tempfile::tempdir().unwrap();
    let folder = DataDir::open(outer.path()).unwrap();
    let programs = testing::kafka_programs();

    let kafka = EmbeddedKafka::start(&folder, &programs).await.unwrap();
    let bootstrap = kafka.bootstrap();
    let admin: AdminClient<DefaultClientContext> = config(&bootstrap).create().unwrap();
    let topic = NewTopic::new("kept", 2, TopicReplication::Fixed(1));
    admin.create_topics([&topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let producer: FutureProducer = config(&bootstrap).create().unwrap();
    let record = FutureRecord::to("kept").partition(1).key("a").payload("b");
    producer.send(record, TIMEOUT).await.unwrap();
    kafka.stop().await;

    let kafka = EmbeddedKafka::start(&folder, &programs).await.unwrap();
    assert_eq!(kafka.bootstrap(), bootstrap);
    let (partitions, marks) = tokio::task::spawn_blocking(move || {
        let client: BaseConsumer = config(&bootstrap).create().unwrap();
        let metadata = client.fetch_metadata(Some("kept"), TIMEOUT).unwrap();
        (metadata.topics()[0].partitions().len(), client.fetch_watermarks("kept", 1, TIMEOUT).unwrap())
    })
    .await
    .unwrap();
    assert_eq!((partitions, marks), (2, (0, 1)));
    kafka.stop().await;
}

#[tokio::test]
async fn a_misspelt_topic_is_not_created_by_using_it() {
    let outer = tempfile::tempdir().unwrap();
    let folder = DataDir::open(outer.path()).unwrap();
    let kafka = EmbeddedKafka::start(&folder, &testing::kafka_programs()).await.unwrap();
    let producer: FutureProducer =
        config(&kafka.bootstrap()).set("message.timeout.ms", "2000").create().unwrap();
    let record = FutureRecord::<(), str>::to("naia.datapoint").payload("x");
    assert!(producer.send(record, TIMEOUT).await.is_err());
    kafka.stop().await;
}
