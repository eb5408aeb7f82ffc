//! How far a topic has been consumed.

use chrono::{DateTime, Duration};
use pattern_store::{Consumed, NewPoint, OffsetMove, PartitionStart, Store, samples::KeyedSample};

use crate::support::TestStore;

const TOPIC: &str = "naia.datapoints";
const ID: &str = "topic-1";

fn start(partition: i32, first: i64) -> PartitionStart {
    PartitionStart { partition, first, lost_at: None }
}

async fn consume(store: &Store, partition: i32, expected: i64, next: i64, samples: &[KeyedSample]) -> bool {
    let consumed = Consumed {
        topic: TOPIC,
        topic_id: ID,
        moves: &[OffsetMove { partition, expected, next }],
        samples,
        dead_letters: &[],
    };
    store.store_consumed(consumed).await.unwrap().is_some()
}

#[tokio::test]
async fn a_partition_is_read_from_its_oldest_record_and_then_from_where_it_stands() {
    let store = TestStore::create().await;
    let started = store.start_consuming(TOPIC, ID, &[start(0, 7), start(1, 0)]).await.unwrap();
    assert_eq!((started.next[&0], started.next[&1], started.gaps.len()), (7, 0, 0));
    assert!(consume(&store, 0, 7, 9, &[]).await);
    let again = store.start_consuming(TOPIC, ID, &[start(0, 8), start(1, 0)]).await.unwrap();
    assert_eq!((again.next[&0], again.next[&1], again.gaps.len()), (9, 0, 0));
    let made_again = store.start_consuming(TOPIC, "topic-2", &[start(0, 0)]).await.unwrap();
    assert_eq!(made_again.next[&0], 0);
}

#[tokio::test]
async fn what_was_deleted_before_it_was_read_is_a_gap_and_is_jumped_over() {
    let store = TestStore::create().await;
    store.start_consuming(TOPIC, ID, &[start(0, 0), start(1, 0)]).await.unwrap();
    let started = store.start_consuming(TOPIC, ID, &[start(0, 5), start(1, 0)]).await.unwrap();
    assert_eq!(started.next[&0], 5);
    let gaps: Vec<_> = started.gaps.iter().map(|g| (g.partition, g.from_offset, g.to_offset)).collect();
    assert_eq!(gaps, [(0, 0, 5)]);
    assert!(!consume(&store, 0, 0, 6, &[]).await, "who stood in the gap is overtaken");
    assert_eq!(store.ingest_gaps(10).await.unwrap(), started.gaps);
}

#[tokio::test]
async fn a_partition_that_the_broker_lost_is_read_from_its_beginning() {
    let store = TestStore::create().await;
    store.start_consuming(TOPIC, ID, &[start(0, 0)]).await.unwrap();
    assert!(consume(&store, 0, 0, 100, &[]).await);
    let lost = PartitionStart { partition: 0, first: 3, lost_at: Some(100) };
    let started = store.start_consuming(TOPIC, ID, &[lost]).await.unwrap();
    assert_eq!((started.next[&0], started.gaps.len()), (3, 0));
    // Meanwhile somebody else has read on.
    assert!(consume(&store, 0, 3, 8, &[]).await);
    assert_eq!(store.start_consuming(TOPIC, ID, &[lost]).await.unwrap().next[&0], 8);
}

#[tokio::test]
async fn of_two_consumers_only_the_one_that_stands_right_moves_a_partition() {
    let store = TestStore::create().await;
    store.start_consuming(TOPIC, ID, &[start(0, 0)]).await.unwrap();
    let (one, two) = tokio::join!(consume(&store, 0, 0, 4, &[]), consume(&store, 0, 0, 6, &[]));
    assert!(one != two, "{one} {two}");
    assert!(!consume(&store, 1, 0, 4, &[]).await, "nobody has started this one");
}

#[tokio::test]
async fn samples_of_many_days_are_stored_and_stored_again_without_a_second_copy() {
    let store = TestStore::create().await;
    let key = store.register_points("plant", &[NewPoint::named("daily")]).await.unwrap().keys["daily"];
    let at = |day: i64| DateTime::UNIX_EPOCH + Duration::days(15_000 + day);
    let samples: Vec<_> =
        (0..150).map(|day: i64| KeyedSample { key, at: at(day), value: day as f64, quality: 0 }).collect();
    store.start_consuming(TOPIC, ID, &[start(0, 0)]).await.unwrap();
    // A consumer that died before its last transaction had written some of them.
    store.append_samples(&samples[..64]).await.unwrap();
    assert!(consume(&store, 0, 0, 1, &samples).await);
    assert!(!consume(&store, 0, 0, 1, &samples).await, "overtaken");
    let read = store.read_samples(&[key], at(0), at(1000)).await.unwrap();
    assert_eq!(read[0].iter().map(|s| s.value as i64).collect::<Vec<_>>(), (0..150).collect::<Vec<_>>());
    let partitions = store.consumed_partitions(TOPIC, ID).await.unwrap();
    assert_eq!((partitions.len(), partitions[0].next_offset), (1, 1));
}
