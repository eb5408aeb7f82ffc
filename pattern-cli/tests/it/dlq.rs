//! `naia dlq` as a program.

use pattern_bus::{
    KafkaSettings, Producer, Record,
    datapoints::{LagProbe, run_datapoints_consumer},
};
use pattern_cli::stack_file::StackFile;
use pattern_embedded::{
    MemoryBroker,
    testing::{TestDatabase, until},
};
use pattern_store::{Consumed, NewDeadLetter, OffsetMove, PartitionStart, Store};
use serde_json::Value;
use std::process::Output;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::program;

const TOPIC: &str = "north.samples";
const DATAPOINTS: &str = "naia.datapoints";
const DATAPOINTS_DLQ: &str = "naia.datapoints.dlq";

/// A data folder whose stack has dead letters.
struct DeadLetters {
    data_dir: TempDir,
    store: Store,
    _database: TestDatabase,
    _broker: MemoryBroker,
}

impl DeadLetters {
    /// One for each payload, the first one the oldest.
    async fn of(payloads: &[&[u8]]) -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 2).unwrap();
        store.migrate().await.unwrap();
        let broker = MemoryBroker::start(&[(TOPIC, 1), (DATAPOINTS, 1), (DATAPOINTS_DLQ, 1)]).unwrap();
        let data_dir = tempfile::tempdir().unwrap();
        let stack = StackFile {
            pid: std::process::id(),
            api: String::new(),
            kafka: broker.bootstrap().to_owned(),
            postgres: database.url.clone(),
        };
        stack.write(data_dir.path()).unwrap();
        let letters = Self { data_dir, store, _database: database, _broker: broker };
        for (offset, payload) in payloads.iter().enumerate() {
            letters.keep(offset as i64, payload).await;
        }
        letters
    }

    async fn keep(&self, offset: i64, payload: &[u8]) {
        let letter = NewDeadLetter {
            topic: TOPIC.into(),
            topic_id: "t1".into(),
            partition: 0,
            offset,
            key: Some(b"P-101".to_vec()),
            payload: Some(payload.to_vec()),
            reason: format!("record {offset} is not a batch of samples"),
        };
        let start = PartitionStart { partition: 0, first: 0, lost_at: None };
        self.store.start_consuming(TOPIC, "t1", &[start]).await.unwrap();
        let step = OffsetMove { partition: 0, expected: offset, next: offset + 1 };
        let consumed = Consumed {
            topic: TOPIC,
            topic_id: "t1",
            moves: &[step],
            samples: &[],
            dead_letters: std::slice::from_ref(&letter),
        };
        self.store.store_consumed(consumed).await.unwrap().expect("the offset moves");
    }

    async fn ids_oldest_first(&self) -> Vec<Uuid> {
        let letters = self.store.dead_letters(None, 100).await.unwrap();
        letters.iter().rev().map(|letter| letter.id).collect()
    }

    async fn naia(&self, arguments: &[&str]) -> Output {
        let mut command = program::naia(arguments);
        command.arg("--data-dir").arg(self.data_dir.path());
        tokio::time::timeout(program::TIMEOUT, command.output()).await.unwrap().unwrap()
    }

    async fn says(&self, arguments: &[&str]) -> String {
        let output = self.naia(arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    async fn complains(&self, arguments: &[&str]) -> String {
        let output = self.naia(arguments).await;
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    async fn on_the_topic(&self) -> String {
        self.says(&["events", TOPIC, "--raw"]).await
    }
}

#[tokio::test]
async fn dead_letters_are_listed_newest_first_page_by_page() {
    let letters = DeadLetters::of(&[b"first", b"second", b"third"]).await;
    let ids = letters.ids_oldest_first().await;
    let page = letters.says(&["dlq", "list", "--limit", "2"]).await;
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(lines.len(), 3, "{page}");
    assert!(lines[0].starts_with(&ids[2].to_string()), "{page}");
    assert!(lines[0].ends_with("north.samples/0@2 5 bytes · record 2 is not a batch of samples"), "{page}");
    let next = ids[1].to_string();
    assert_eq!(lines[2], format!("more: naia dlq list --after {next}"));

    let rest = letters.says(&["dlq", "list", "--after", &next, "--json"]).await;
    let letter: Value = serde_json::from_str(&rest).expect("one object");
    assert_eq!((&letter["offset"], &letter["value"]["text"]), (&0.into(), &"first".into()));
    let oldest = ids[0].to_string();
    assert_eq!(letters.says(&["dlq", "list", "--after", &oldest]).await, "no more dead letters\n");
}

#[tokio::test]
async fn a_dead_letter_is_shown_with_its_record_and_does_not_steer_the_terminal() {
    let binary: &[u8] = b"\xff\x00abc";
    let letters = DeadLetters::of(&[b"{\"name\": \"\x1b[2Jx\"}", binary]).await;
    let ids: Vec<String> = letters.ids_oldest_first().await.iter().map(Uuid::to_string).collect();
    let text = letters.says(&["dlq", "show", &ids[0]]).await;
    for part in [
        ids[0].as_str(),
        "north.samples/0@0",
        "record 0 is not a batch",
        "P-101",
        r#"{"name": "\u{1b}[2Jx"}"#,
    ] {
        assert!(text.contains(part), "'{part}' is missing in:\n{text}");
    }
    let hex = letters.says(&["dlq", "show", &ids[1]]).await;
    assert!(hex.contains("00000000  ff 00 61 62 63") && hex.contains("..abc"), "{hex}");
    let json: Value = serde_json::from_str(&letters.says(&["dlq", "show", &ids[1], "--json"]).await).unwrap();
    assert_eq!(json["value"]["base64"], "/wBhYmM=");
    assert_eq!(letters.naia(&["dlq", "show", &ids[1], "--raw"]).await.stdout, binary);
}

#[tokio::test]
async fn a_redriven_record_is_on_its_topic_again_and_only_once() {
    let letters = DeadLetters::of(&[b"first", b"second"]).await;
    let id = letters.ids_oldest_first().await[0].to_string();
    let said = letters.says(&["dlq", "redrive", &id]).await;
    assert!(said.contains(&format!("{id} is on north.samples/0@0")), "{said}");
    let again = letters.complains(&["dlq", "redrive", &id]).await;
    assert!(again.contains("was redriven at"), "{again}");
    assert_eq!(letters.on_the_topic().await, "first\n");
    let list = letters.says(&["dlq", "list"]).await;
    assert_eq!(list.lines().filter(|line| line.contains("redriven")).count(), 1, "{list}");
}

#[tokio::test]
async fn redriving_all_begins_with_the_oldest_and_leaves_out_what_was_redriven() {
    let letters = DeadLetters::of(&[b"first", b"second", b"third"]).await;
    let second = letters.ids_oldest_first().await[1].to_string();
    letters.says(&["dlq", "redrive", &second]).await;
    let said = letters.says(&["dlq", "redrive", "--all"]).await;
    assert!(said.contains("2 redriven"), "{said}");
    assert_eq!(letters.on_the_topic().await, "second\nfirst\nthird\n");
    assert_eq!(letters.says(&["dlq", "redrive", "--all"]).await, "no dead letter waits\n");
}

#[tokio::test]
async fn what_can_not_be_done_is_said_with_what_to_do() {
    let letters = DeadLetters::of(&[b"first"]).await;
    assert_eq!(DeadLetters::of(&[]).await.says(&["dlq", "list"]).await, "no dead letters\n");
    let unknown = Uuid::nil().to_string();
    for command in [["dlq", "show", &unknown], ["dlq", "redrive", &unknown]] {
        let problem = letters.complains(&command).await;
        assert!(problem.contains("does not exist") && problem.contains("naia dlq list"), "{problem}");
    }
    let nothing = letters.complains(&["dlq", "redrive"]).await;
    assert!(nothing.contains("--all"), "{nothing}");

    let id = letters.ids_oldest_first().await[0].to_string();
    let away = letters.complains(&["dlq", "redrive", &id, "--kafka", "127.0.0.1:1"]).await;
    assert!(away.contains("was not redriven") && away.contains("kafka is not available"), "{away}");
    assert!(letters.store.dead_letters(None, 1).await.unwrap()[0].redriven_at.is_none());

    let empty = tempfile::tempdir().unwrap();
    let mut command = program::naia(&["dlq", "list", "--data-dir"]);
    let output = command.arg(empty.path()).output().await.unwrap();
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(problem.contains("naia up") && problem.contains("--postgres"), "{problem}");
}

#[tokio::test]
async fn a_record_that_blocks_is_skipped_and_kept_as_a_dead_letter() {
    let letters = DeadLetters::of(&[]).await;
    let kafka = KafkaSettings::new(letters._broker.bootstrap());
    let producer = Producer::new(&kafka).unwrap();
    let send = async |payload: &'static str| {
        let record = Record { topic: DATAPOINTS, payload: Some(payload.as_bytes()), ..Record::default() };
        producer.send(record).await.unwrap();
    };
    let unread = letters.complains(&["dlq", "skip", "0"]).await;
    assert!(unread.contains("nothing was skipped in partition 0"), "{unread}");

    // The ingest has read this one, and stands before the next.
    send("one").await;
    let shutdown = CancellationToken::new();
    let ingest = run_datapoints_consumer(kafka.clone(), "g".into(), letters.store.clone(), shutdown.clone());
    let ingest = tokio::spawn(ingest);
    let probe = LagProbe::new(&kafka).unwrap();
    let lag = || async { probe.ingest_lag(&letters.store, program::TIMEOUT).await.unwrap().unwrap() };
    until("the first record is read", || async {
        let lag = lag().await;
        lag.records == 0 && lag.last_progress.is_some()
    })
    .await;
    shutdown.cancel();
    ingest.await.unwrap().unwrap();
    send("two").await;
    send("three").await;

    let other = letters.complains(&["dlq", "skip", "0", "--offset", "2"]).await;
    assert!(other.contains("offset 1 of partition 0 is read next, not 2"), "{other}");
    let said = letters.says(&["dlq", "skip", "0", "--offset", "1", "--reason", "it is broken"]).await;
    assert!(said.starts_with("skipped naia.datapoints/0@1 (3 bytes), 1 left behind it\n"), "{said}");
    assert_eq!(lag().await.records, 1);
    let kept = letters.store.dead_letters(None, 10).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!((kept[0].payload.as_deref(), kept[0].reason.as_str()), (Some(&b"two"[..]), "it is broken"));
    let published = letters.says(&["events", DATAPOINTS_DLQ, "--raw"]).await;
    assert_eq!(published, "one\ntwo\n");

    letters.says(&["dlq", "skip", "0"]).await;
    let end = letters.complains(&["dlq", "skip", "0"]).await;
    assert!(end.contains("a record after offset 3 of partition 0 does not exist"), "{end}");
}

#[tokio::test]
async fn what_was_deleted_unread_is_listed() {
    let letters = DeadLetters::of(&[]).await;
    let none = letters.says(&["dlq", "gaps"]).await;
    assert_eq!(none, "no gaps: every record was read before it was deleted\n");
    for first in [10, 25] {
        let start = PartitionStart { partition: 4, first, lost_at: None };
        letters.store.start_consuming(TOPIC, "t1", &[start]).await.unwrap();
    }
    let listed = letters.says(&["dlq", "gaps"]).await;
    assert!(
        listed.contains("north.samples/4 offsets 10 to 24 were deleted before they were read"),
        "{listed}"
    );
    assert!(listed.ends_with("1 gaps, at most 15 records missing\n"), "{listed}");
    let gap: Value =
        serde_json::from_str(&letters.says(&["dlq", "gaps", "--json"]).await).expect("one object");
    assert_eq!((&gap["from_offset"], &gap["to_offset"]), (&10.into(), &25.into()));
}
