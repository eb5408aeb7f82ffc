use axum::http::StatusCode;
use chrono::{TimeDelta, Utc};
use pattern_api::{hub::HubOptions, principal::Principals, rate::Rates, sign_in::SignedIn};
use pattern_config::{ApiSettings, AuthSettings};
use pattern_core::domain::Scope;
use pattern_store::NewKey;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::live::{Instance, Stream, wait};

/// Where connections show a key within this time, and are asked for a sign of life as often.
async fn with_keys(stream: &Stream, authenticate_within: Duration, ping_every: Duration) -> Instance {
    let settings = AuthSettings { api_keys: true, ..AuthSettings::default() };
    let signed_in = SignedIn::new(stream.store.clone(), settings, false).expect("settings");
    let rates = Rates::start(&ApiSettings::default(), CancellationToken::new());
    let options = HubOptions { authenticate_within, ping_every, ..HubOptions::default() };
    stream.instance_for(Principals::signed_in(signed_in, rates), options).await
}

/// That is good for so many seconds.
async fn key(stream: &Stream, scope: Scope, seconds: i64) -> String {
    let expires_at = Some(Utc::now() + TimeDelta::seconds(seconds));
    let new = NewKey { name: "anna".into(), scopes: [scope].into(), expires_at };
    stream.store.create_api_key(&new, "test").await.expect("a key").1
}

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn any_token_is_welcome_while_no_authentication_is_configured() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.connect().await;
    client.expect("connected").await;
    client.send(json!({"type": "auth", "token": "whatever"})).await;
    client.expect("connected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_before_a_valid_token() {
    let stream = Stream::without_broker().await;
    let instance = with_keys(&stream, LONG, LONG).await;
    let mut client = instance.connect().await;
    client.send(json!({"type": "subscribe", "channels": ["clusters"]})).await;
    client.expect("error").await;
    client.send(json!({"type": "auth", "token": key(&stream, Scope::Viewer, 600).await})).await;
    client.expect("connected").await;
    client.subscribe(json!({"channels": ["clusters"]})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_final() {
    let stream = Stream::without_broker().await;
    let instance = with_keys(&stream, LONG, LONG).await;
    for wrong in ["wrong", "naia_wrong", ""] {
        let mut client = instance.connect().await;
        client.send(json!({"type": "auth", "token": wrong})).await;
        assert_eq!(client.close_code().await, 3500, "'{wrong}'");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_connection_ends_when_its_key_expires_or_is_revoked() {
    let stream = Stream::without_broker().await;
    let instance = with_keys(&stream, LONG, LONG).await;
    let mut expiring = instance.connect().await;
    expiring.send(json!({"type": "auth", "token": key(&stream, Scope::Viewer, 1).await})).await;
    expiring.expect("connected").await;
    assert_eq!(expiring.close_code().await, 3504);

    let old = stream.store.api_keys().await.expect("keys")[0].id;
    stream.store.revoke_api_key(old, "test").await.expect("the name is free");
    let instance = with_keys(&stream, LONG, SHORT).await;
    let mut revoked = instance.connect().await;
    revoked.send(json!({"type": "auth", "token": key(&stream, Scope::Viewer, 600).await})).await;
    revoked.expect("connected").await;
    let key = stream.store.api_keys().await.expect("keys")[0].id;
    stream.store.revoke_api_key(key, "test").await.expect("revoked");
    assert_eq!(revoked.close_code().await, 3504);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_for_the_past_again_and_again_is_closed() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.connect().await;
    for _ in 0..17 {
        client.send(json!({"type": "subscribe", "channels": ["clusters"], "position": "elsewhere.0"})).await;
    }
    assert_eq!(client.close_code().await, 3503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_authenticate_in_time_is_closed() {
    let stream = Stream::without_broker().await;
    let instance = with_keys(&stream, SHORT, LONG).await;
    let mut client = instance.connect().await;
    assert_eq!(client.close_code().await, 3502);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_are_refused() {
    let stream = Stream::without_broker().await;
    let allowed_origins = vec!["https://dashboard.example".to_owned()];
    let instance = stream.instance_with(HubOptions { allowed_origins, ..HubOptions::default() }).await;
    let own = format!("http://{}", instance.address);
    for origin in [None, Some(own.as_str()), Some("https://dashboard.example")] {
        assert!(instance.try_connect(origin).await.is_ok(), "{origin:?}");
    }
    assert_eq!(instance.try_connect(Some("http://evil.example")).await.err(), Some(StatusCode::FORBIDDEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_closes_with_3001_refuses_new_sockets_and_drains() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut clients = [instance.subscribed().await, instance.subscribed().await];
    assert_eq!(instance.hub.connection_count(), 2);
    instance.shutdown.cancel();
    for client in &mut clients {
        assert_eq!(client.close_code().await, 3001);
    }
    assert_eq!(instance.try_connect(None).await.err(), Some(StatusCode::SERVICE_UNAVAILABLE));
    drop(clients);
    instance.stop().await;
    assert_eq!(instance.hub.connection_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_answers_no_ping_is_closed() {
    let stream = Stream::without_broker().await;
    let options = HubOptions { ping_every: SHORT, pong_within: SHORT, ..HubOptions::default() };
    let instance = stream.instance_with(options).await;
    // A client answers pings when it reads, and this one does not.
    let mut silent = instance.connect().await;
    wait("it is closed", async || instance.hub.disconnects().get(&3012).copied()).await;
    assert_eq!(silent.close_code().await, 3012);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_answers_pings_stays() {
    let stream = Stream::without_broker().await;
    let options =
        HubOptions { ping_every: SHORT, pong_within: Duration::from_secs(10), ..HubOptions::default() };
    let instance = stream.instance_with(options).await;
    let mut client = instance.subscribed().await;
    let mut version = 0;
    // The second ping is not sent before the first is answered. The client says nothing by itself.
    while client.pings < 2 {
        version += 1;
        stream.append(version..=version).await;
        assert_eq!(client.positions(1).await, [version]);
    }
    assert!(instance.hub.disconnects().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_is_answered() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;
    client.close(1000).await;
    assert_eq!(client.close_code().await, 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_breaks_a_rule_is_told_which() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let masked = |first: &[u8], payload: &[u8]| [first, &[0; 4], payload].concat();
    let cases = [
        ("a frame that is not masked", 1002, vec![0x81, 0x01, b'x']),
        ("a text that is not UTF-8", 1007, masked(&[0x81, 0x81], &[0xff])),
        ("more than is taken", 1009, masked(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1], &[])),
    ];
    for (what, code, bytes) in cases {
        let mut client = instance.subscribed().await;
        client.send_bytes(&bytes).await;
        assert_eq!(client.close_code().await, code, "{what}");
    }
}
