//! Programs that know nothing of us read our topics.

use pattern_core::domain::TOPIC_CLUSTERS;
use pattern_embedded::testing;
use serde_json::Value;
use std::{collections::BTreeSet, process::Command};

use crate::event_stream::{TestStream, append, event};

const EVENTS: i64 = 12;

/// A stream with events about one entity on its topic.
async fn published() -> TestStream {
    let stream = TestStream::create().await;
    let relay = stream.relay("one");
    append(&stream.store, &(1..=EVENTS).map(|version| event("a", version)).collect::<Vec<_>>()).await;
    stream.wait_until_all_is_published().await;
    relay.stop().await;
    stream
}

async fn output(mut command: Command) -> String {
    let ran = tokio::task::spawn_blocking(move || {
        let program = command.get_program().to_string_lossy().into_owned();
        command.output().unwrap_or_else(|e| panic!("{program} cannot run ({e}); `make setup` installs it"))
    });
    let output = ran.await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap_or_else(|_| panic!("not text: {errors}"))
}

/// One event a line, in the order of the entity's versions, each position once.
fn assert_events(lines: &str) {
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let versions: Vec<_> = events.iter().map(|event| event["data"]["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (1..=EVENTS).collect::<Vec<_>>());
    let positions: BTreeSet<_> = events.iter().map(|event| event["sequence"].as_str().unwrap()).collect();
    assert_eq!(positions.len(), EVENTS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_console_consumer_reads_the_events() {
    let stream = published().await;
    let mut command =
        testing::kafka_programs().command(128, "org.apache.kafka.tools.consumer.ConsoleConsumer");
    command.args([
        "--bootstrap-server",
        &stream.kafka.bootstrap,
        "--from-beginning",
        "--timeout-ms",
        "30000",
    ]);
    command.args(["--topic", &stream.kafka.topic(TOPIC_CLUSTERS), "--max-messages", &EVENTS.to_string()]);
    assert_events(&output(command).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn kcat_reads_the_events() {
    let stream = published().await;
    let mut command = Command::new("kcat");
    command.args(["-b", &stream.kafka.bootstrap, "-t", &stream.kafka.topic(TOPIC_CLUSTERS)]);
    command.args(["-C", "-e", "-q", "-o", "beginning"]);
    assert_events(&output(command).await);
}
