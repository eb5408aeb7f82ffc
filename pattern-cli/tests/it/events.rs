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
