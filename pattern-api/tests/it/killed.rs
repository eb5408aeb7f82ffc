//! An API process that is killed: its browsers come back and miss nothing.

use serde_json::json;
use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
};
use tokio_tungstenite::connect_async;

use crate::live::{Client, Stream, position_of, range, wait};

struct Process(Child);

impl Process {
    fn start(stream: &Stream, url: &str, address: SocketAddr) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_naia-pattern-api"))
            .env("NAIA_API__LISTEN", address.to_string())
            .env("NAIA_POSTGRES__URL", url)
            .env("NAIA_KAFKA__BOOTSTRAP_SERVERS", &stream.kafka.bootstrap)
            .env("NAIA_KAFKA__TOPIC_PREFIX", &stream.kafka.topic_prefix)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()
            .expect("the api starts");
        Self(child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // As `kill -9`.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

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
    let address = std::net::TcpListener::bind("127.0.0.1:0").expect("port").local_addr().expect("address");
    let url = stream.url().to_owned();
    let first = Process::start(&stream, &url, address);
    let mut before = [browser(address, None).await, browser(address, None).await];
    stream.append(1..=20).await;
    for client in &mut before {
        assert_eq!(client.positions(20).await, range(1..=20));
    }
    drop(first);
    stream.append(21..=40).await;

    let _second = Process::start(&stream, &url, address);
    let last = stream.token(20).await;
    for _ in 0..2 {
        let mut client = browser(address, Some(last.clone())).await;
        assert_eq!(client.positions(20).await, range(21..=40));
        stream.append_event(crate::live::cluster_event(&uuid::Uuid::new_v4().to_string(), 1, 0)).await;
        assert!(position_of(&client.expect("event").await) > 40, "and it goes on live");
    }
}
