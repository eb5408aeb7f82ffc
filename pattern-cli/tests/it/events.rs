//! `naia events` as a program.

use pattern_bus::{KafkaSettings, Producer, Record};
use pattern_embedded::MemoryBroker;

use crate::support::naia;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_does_not_steer_the_terminal() {
    let broker = MemoryBroker::start(&[("naia.datapoints", 1)]).unwrap();
    let producer = Producer::new(&KafkaSettings::new(broker.bootstrap())).unwrap();
    let record = Record { topic: "naia.datapoints", payload: Some(b"\x1b[2Jgone"), ..Record::default() };
    producer.send(record).await.unwrap();
    let here = tempfile::tempdir().unwrap();
    let answer = naia(here.path(), &["events", "datapoints", "--kafka", broker.bootstrap()]);
    assert!(answer.success, "{}", answer.stderr);
    assert!(answer.stdout.contains("\\u{1b}[2Jgone") && !answer.stdout.contains('\x1b'), "{}", answer.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_and_prefix_are_those_that_the_services_are_configured_with() {
    let broker = MemoryBroker::start(&[("north.naia.datapoints", 1)]).unwrap();
    let producer = Producer::new(&KafkaSettings::new(broker.bootstrap())).unwrap();
    let record = Record { topic: "north.naia.datapoints", payload: Some(b"here"), ..Record::default() };
    producer.send(record).await.unwrap();
    let here = tempfile::tempdir().unwrap();
    let file = |options: &str| {
        let servers = format!("[kafka]\nbootstrap_servers = '{}'\n", broker.bootstrap());
        let text = format!("{servers}topic_prefix = 'north.'\n[kafka.options]\n{options}\n");
        std::fs::write(here.path().join("naia.toml"), text).unwrap();
    };
    file("'client.id' = 'an operator'");
    let answer = naia(here.path(), &["events", "datapoints", "--config", "naia.toml"]);
    assert!(answer.success && answer.stdout.contains("here"), "{} {}", answer.stdout, answer.stderr);
    // The options go to the client: this one it refuses.
    file("'security.protocol' = 'nonsense'");
    let answer = naia(here.path(), &["events", "datapoints", "--config", "naia.toml"]);
    assert!(!answer.success && answer.stderr.contains("security.protocol"), "{}", answer.stderr);
}
