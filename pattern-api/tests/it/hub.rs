use axum::http::StatusCode;
use chrono::Utc;
use pattern_api::hub::HubOptions;
use pattern_bus::{KafkaSettings, topics};
use pattern_core::domain::RejectRequest;
use pattern_embedded::MemoryBroker;
use pattern_store::{DecisionRequest, Store, SuggestionFilter};
use std::time::Duration;

use crate::{
    live::{Instance, NO_BROKER, Stream, everybody, range, wait},
    pumps::propose_pumps,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_both_serve_every_event_in_order_and_each_once() {
    let stream = Stream::create().await;
    let (one, two) = (stream.instance().await, stream.instance().await);
    let (mut first, mut second) = (one.subscribed().await, two.subscribed().await);
    stream.append(1..=200).await;
    assert_eq!(first.positions(200).await, range(1..=200));
    assert_eq!(second.positions(200).await, range(1..=200));
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_brings_what_it_can_before_the_outbox_is_asked() {
    let stream = Stream::create().await;
    // Long enough for Kafka to bring everything that it will.
    let options = HubOptions { gap_wait: Duration::from_secs(10), ..HubOptions::default() };
    let instance = stream.instance_with(options).await;
    let mut client = instance.subscribed().await;
    // The first ones may come while the topics are still being made.
    stream.append(1..=20).await;
    assert_eq!(client.positions(20).await, range(1..=20));
    while instance.hub.roads().0 == 0 {
        let next = instance.hub.position().number + 1;
        stream.append(next..=next).await;
        assert_eq!(client.positions(1).await, [next]);
    }
    let (kafka, outbox) = instance.hub.roads();
    let next = instance.hub.position().number + 1;
    stream.append(next..next + 50).await;
    assert_eq!(client.positions(50).await, range(next..=next + 49));
    assert_eq!(instance.hub.roads(), (kafka + 50, outbox));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_serves_everything_in_order_while_the_broker_is_away() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;
    stream.append(1..=300).await;
    assert_eq!(client.positions(300).await, range(1..=300));
    assert_eq!(instance.hub.roads(), (0, 300));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_and_comes_back_changes_nothing_for_clients() {
    let prefix = "back.";
    let names: Vec<_> =
        topics::all().into_iter().map(|t| (format!("{prefix}{}", t.name), t.partitions)).collect();
    let names: Vec<_> = names.iter().map(|(name, partitions)| (name.as_str(), *partitions)).collect();
    let broker = MemoryBroker::start(&names).unwrap();
    let stream = Stream::with(KafkaSettings::new(broker.bootstrap()).with_topic_prefix(prefix)).await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;

    stream.append(1..=50).await;
    assert_eq!(client.positions(50).await, range(1..=50));
    broker.down().unwrap();
    stream.append(51..=100).await;
    assert_eq!(client.positions(50).await, range(51..=100));
    broker.up().unwrap();
    // What waited in the outbox comes by Kafka now, late and a second time.
    let mut next = 101;
    while stream.store.unpublished_count().await.unwrap() > 0 || next == 101 {
        stream.append(next..=next).await;
        assert_eq!(client.positions(1).await, [next]);
        next += 1;
    }
    client.pong().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_starts_late_knows_what_happened_before() {
    let stream = Stream::without_broker().await;
    stream.append(1..=30).await;
    stream.numbered(30).await;
    let instance = stream.instance_with(HubOptions { warm_events: 10, ..HubOptions::default() }).await;
    assert_eq!(instance.hub.position().to_string(), stream.token(30).await);
    assert_eq!(instance.hub.statistics().await.unwrap().ring_events, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_tells_the_last_known_count_while_postgres_is_away() {
    let stream = Stream::without_broker().await;
    propose_pumps(&stream.store).await;
    let own = Store::connect_lazy(stream.url(), 4).unwrap();
    let instance =
        Instance::start(own.clone(), stream.kafka.clone(), everybody(), HubOptions::default()).await;
    let greeted_with = async |count: i64| {
        wait(&format!("{count} are pending"), async || {
            let mut client = instance.try_connect(None).await.ok()?;
            (client.expect("connected").await["pending_count"] == count).then_some(())
        })
        .await;
    };
    greeted_with(2).await;
    let open =
        stream.store.list_suggestions(&SuggestionFilter { limit: 1, ..Default::default() }).await.unwrap();
    let rejection = DecisionRequest::Reject(RejectRequest::default());
    stream.store.decide(open.items[0].id, &rejection, "anna", None, Utc::now()).await.unwrap();
    greeted_with(1).await;
    own.pool().close().await;
    let greeting = instance.connect().await.expect("connected").await;
    assert_eq!(greeting["pending_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_socket_is_accepted_before_the_instance_has_caught_up() {
    let away = Store::connect_lazy("postgres://nobody@127.0.0.1:1/nothing", 1).unwrap();
    let instance =
        Instance::start(away, KafkaSettings::new(NO_BROKER), everybody(), HubOptions::default()).await;
    assert!(!instance.hub.ready());
    assert_eq!(instance.try_connect(None).await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
}
