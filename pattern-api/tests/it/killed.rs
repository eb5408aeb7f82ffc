//! An API process that is killed: its browsers come back and miss nothing.

use serde_json::json;
use std::net::SocketAddr;
use tokio_tungstenite::connect_async;

use crate::{
    live::{Client, Stream, position_of, range, wait},
    process::{Process, free_address},
};

async fn browser(address: SocketAddr, position: Option<String>) -> Client {
    let socket =
        wait("the api takes sockets", async || connect_async(format!("ws://{address}/ws")).await.ok());
    let mut client = Client::over(socket.await.0);
    client.expect("connected").await;
    let answer = client.subscribe(json!({ "channels": ["clusters"], "position": position })).await;
    assert_eq!(answer["recovered"], position.is_some(), "{answer}");
    client
}

#[tokio::test]
async fn browsers_of_a_killed_api_reconnect_and_get_everything_once_in_order() {
    let stream = Stream::create().await;
    let address = free_address();
    let first = Process::start(stream.url(), &stream.kafka, address);
    let mut before = [browser(address, None).await, browser(address, None).await];
    stream.append(1..=20).await;
    for client in &mut before {
        assert_eq!(client.positions(20).await, range(1..=20));
    }
    drop(first);
    stream.append(21..=40).await;

    let _second = Process::start(stream.url(), &stream.kafka, address);
    let last = stream.token(20).await;
    for _ in 0..2 {
        let mut client = browser(address, Some(last.clone())).await;
        assert_eq!(client.positions(20).await, range(21..=40));
        stream.append_event(crate::live::cluster_event(&uuid::Uuid::new_v4().to_string(), 1, 0)).await;
        assert!(position_of(&client.expect("event").await) > 40, "and it goes on live");
    }
}
