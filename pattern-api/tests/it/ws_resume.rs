use chrono::{Duration as Span, Utc};
use pattern_api::hub::HubOptions;
use serde_json::json;
use std::time::Duration;

use crate::live::{Stream, cluster_event, position_of, range, wait};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_gets_what_it_missed_from_memory() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    stream.append(1..=100).await;
    instance.reaches(100).await;
    let (mut client, answer) = instance.resumed(&stream.token(40).await).await;
    assert_eq!(answer["recovered"], true);
    assert_eq!(position_of(&answer), 40);
    assert_eq!(client.positions(60).await, range(41..=100));
    stream.append(101..=103).await;
    assert_eq!(client.positions(3).await, range(101..=103));
    assert_eq!(instance.hub.recoveries(), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_left_memory_comes_from_the_outbox() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance_with(HubOptions { ring_bytes: 4000, ..HubOptions::default() }).await;
    stream.append(1..=300).await;
    instance.reaches(300).await;
    assert!(instance.hub.statistics().await.unwrap().ring_events < 20);
    let (mut client, answer) = instance.resumed(&stream.token(3).await).await;
    assert_eq!(answer["recovered"], true);
    assert_eq!(client.positions(297).await, range(4..=300));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_resumes_at_another_instance() {
    let stream = Stream::create().await;
    let (one, two) = (stream.instance().await, stream.instance().await);
    let mut client = one.subscribed().await;
    stream.append(1..=10).await;
    assert_eq!(client.positions(10).await, range(1..=10));
    drop(one);
    stream.append(11..=20).await;
    let (mut client, answer) = two.resumed(&stream.token(10).await).await;
    assert_eq!(answer["recovered"], true);
    assert_eq!(client.positions(10).await, range(11..=20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_position_is_not_recovered() {
    let stream = Stream::create().await;
    stream.append(1..=20).await;
    wait("all are published", async || (stream.store.unpublished_count().await.unwrap() == 0).then_some(()))
        .await;
    assert_eq!(stream.store.prune_events(Utc::now() + Span::hours(1)).await.unwrap(), 20);
    let instance = stream.instance().await;
    let (mut client, answer) = instance.resumed(&stream.token(5).await).await;
    assert_eq!(answer["recovered"], false);
    assert_eq!(position_of(&answer), 20);
    // It reads a snapshot and goes on from there; the top itself is no loss.
    stream.append(21..=22).await;
    assert_eq!(client.positions(2).await, range(21..=22));
    let (_, answer) = instance.resumed(&stream.token(22).await).await;
    assert_eq!(answer["recovered"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_of_another_epoch_or_of_no_stream_are_not_recovered() {
    let stream = Stream::without_broker().await;
    stream.append(1..=5).await;
    stream.numbered(5).await;
    let instance = stream.instance().await;
    for position in ["deadbeef.3", "nonsense", ""] {
        let (_, answer) = instance.resumed(position).await;
        assert_eq!((&answer["recovered"], position_of(&answer)), (&json!(false), 5), "{position}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_ahead_of_this_instance_waits_until_it_is_reached() {
    let stream = Stream::without_broker().await;
    // This instance hears of events, and reads them a good while later.
    let late = HubOptions { gap_wait: Duration::from_secs(3), ..HubOptions::default() };
    let instance = stream.instance_with(late).await;
    stream.append(1..=5).await;
    stream.numbered(5).await;
    let (mut client, answer) = instance.resumed(&stream.token(5).await).await;
    assert_eq!((&answer["recovered"], position_of(&answer)), (&json!(true), 5));
    stream.append(6..=7).await;
    assert_eq!(client.positions(2).await, range(6..=7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_was_never_given_is_not_recovered() {
    let stream = Stream::without_broker().await;
    stream.append(1..=5).await;
    stream.numbered(5).await;
    let instance = stream.instance().await;
    let (_, answer) = instance.resumed(&stream.token(99).await).await;
    assert_eq!((&answer["recovered"], position_of(&answer)), (&json!(false), 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_stream_sends_clients_away_to_load_anew() {
    let stream = Stream::without_broker().await;
    stream.append(1..=5).await;
    stream.numbered(5).await;
    let instance = stream.instance().await;
    let old = stream.token(5).await;
    let mut client = instance.subscribed().await;
    stream.store.renew_epoch("test").await.unwrap();
    assert_eq!(client.close_code().await, 3002);
    wait("the new stream is served", async || {
        (instance.hub.ready() && instance.hub.position().to_string() != old).then_some(())
    })
    .await;
    let (_, answer) = instance.resumed(&old).await;
    assert_eq!(answer["recovered"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_closed_with_3008_and_recovers_everything() {
    let stream = Stream::without_broker().await;
    let options = HubOptions { client_backlog_bytes: 1 << 20, ring_bytes: 8 << 20, ..HubOptions::default() };
    let instance = stream.instance_with(options).await;
    let mut slow = instance.subscribed().await;
    let mut quick = instance.subscribed().await;
    // More than the kernel's buffers and the permitted backlog together.
    let mut sent = 0;
    while !instance.hub.disconnects().contains_key(&3008) {
        assert!(sent < 400, "never closed");
        sent += 1;
        stream.append_event(cluster_event("plant", sent, 100_000)).await;
        assert_eq!(quick.positions(1).await, [sent]);
    }
    let mut last = 0;
    let code = loop {
        match slow.next().await {
            Ok(message) => {
                assert_eq!(position_of(&message), last + 1);
                last += 1;
            }
            Err(code) => break code,
        }
    };
    assert_eq!(code, 3008);
    assert!(last < sent);
    let (mut back, answer) = instance.resumed(&stream.token(last).await).await;
    assert_eq!(answer["recovered"], true);
    assert_eq!(back.positions((sent - last) as usize).await, range(last + 1..=sent));
}
