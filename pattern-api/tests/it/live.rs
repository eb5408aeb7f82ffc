//! A stream with a relay, hubs that follow it, and WebSocket clients.

use axum::{
    extract::FromRef,
    http::{HeaderValue, StatusCode},
};
use chrono::Utc;
use futures_util::{SinkExt, StreamExt};
use pattern_api::{
    hub::{Hub, HubOptions},
    principal::Principals,
    ws,
};
use pattern_bus::{KafkaSettings, relay};
use pattern_core::domain::{EventType, NewEvent, Scope, Word, stable_id};
use pattern_embedded::testing;
pub use pattern_embedded::testing::eventually as wait;
use pattern_store::{Store, outbox};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Generous: it is only waited for where something is broken.
pub const LIMIT: Duration = Duration::from_secs(60);
/// Nobody listens there.
pub const NO_BROKER: &str = "127.0.0.1:1";

/// What the WebSocket needs.
#[derive(Clone, FromRef)]
struct Sockets {
    hub: Arc<Hub>,
    principals: Principals,
}

/// A database of its own with a relay at work, and topics of its own.
pub struct Stream {
    pub store: Store,
    pub kafka: KafkaSettings,
    relay: CancellationToken,
    /// Dropped with the stream.
    database: testing::TestDatabase,
}

impl Stream {
    pub async fn create() -> Self {
        Self::on(testing::kafka_bootstrap()).await
    }

    /// With the broker away for good.
    pub async fn without_broker() -> Self {
        Self::on(NO_BROKER.into()).await
    }

    pub async fn on(bootstrap: String) -> Self {
        let prefix = format!("t{}.", &Uuid::new_v4().simple().to_string()[..12]);
        Self::with(KafkaSettings::new(bootstrap).with_topic_prefix(prefix)).await
    }

    pub async fn with(kafka: KafkaSettings) -> Self {
        let database = testing::TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 10).unwrap();
        store.migrate().await.unwrap();
        let relay = CancellationToken::new();
        tokio::spawn(relay::run(store.clone(), kafka.clone(), "test".into(), relay.clone()));
        Self { store, kafka, relay, database }
    }

    pub fn url(&self) -> &str {
        &self.database.url
    }

    /// An API instance with the defaults.
    pub async fn instance(&self) -> Instance {
        self.instance_with(HubOptions::default()).await
    }

    pub async fn instance_with(&self, options: HubOptions) -> Instance {
        self.instance_for(everybody(), options).await
    }

    /// Where these have to prove who they are.
    pub async fn instance_for(&self, principals: Principals, options: HubOptions) -> Instance {
        let instance = Instance::start(self.store.clone(), self.kafka.clone(), principals, options).await;
        wait("the hub is ready", async || instance.hub.ready().then_some(())).await;
        instance
    }

    /// Commits one cluster event per version, each in a transaction of its own.
    pub async fn append(&self, versions: impl IntoIterator<Item = i64>) {
        for version in versions {
            self.append_event(cluster_event("plant", version, 0)).await;
        }
    }

    pub async fn append_event(&self, event: NewEvent) {
        let mut tx = self.store.pool().begin().await.unwrap();
        outbox::append(&mut tx, &[event]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Waits until everything committed so far has its position.
    pub async fn numbered(&self, top: i64) {
        wait("the events are numbered", async || {
            (self.store.stream_top().await.unwrap().position.number >= top).then_some(())
        })
        .await;
    }

    pub async fn token(&self, number: i64) -> String {
        format!("{}.{number}", self.store.stream_top().await.unwrap().position.epoch)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.relay.cancel();
    }
}

/// `padding` makes it larger by so many bytes.
pub fn cluster_event(data_source: &str, version: i64, padding: usize) -> NewEvent {
    event(EventType::ClusterChanged, data_source, version, padding)
}

pub fn event(r#type: EventType, data_source: &str, version: i64, padding: usize) -> NewEvent {
    let id = stable_id(&["entity", data_source]);
    let data = json!({
        "id": id, "version": version, "data_source": data_source, "padding": "x".repeat(padding),
    });
    NewEvent::new(r#type, id, version, Some(data_source), Utc::now(), &data)
}

/// Nobody has to prove who he is, and everybody may do everything.
pub fn everybody() -> Principals {
    Principals::local(Scope::ALL.iter().copied())
}

/// One API process, as far as the stream is concerned.
pub struct Instance {
    pub hub: Arc<Hub>,
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    server: JoinHandle<()>,
}

impl Instance {
    pub async fn start(
        store: Store,
        kafka: KafkaSettings,
        principals: Principals,
        options: HubOptions,
    ) -> Self {
        let shutdown = CancellationToken::new();
        let hub = Hub::start(store, kafka, options, shutdown.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = ws::routes().with_state(Sockets { hub: hub.clone(), principals });
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { hub, address, shutdown, server }
    }

    pub async fn connect(&self) -> Client {
        self.try_connect(None).await.expect("the socket is accepted")
    }

    /// `Err`: the answer to a refused upgrade.
    pub async fn try_connect(&self, origin: Option<&str>) -> Result<Client, StatusCode> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Client::over(socket)),
            Err(tungstenite::Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A client that was greeted and is subscribed to clusters from now on.
    pub async fn subscribed(&self) -> Client {
        let mut client = self.connect().await;
        client.expect("connected").await;
        client.subscribe(json!({"channels": ["clusters"]})).await;
        client
    }

    /// A client that came back with its last position.
    pub async fn resumed(&self, position: &str) -> (Client, Value) {
        let mut client = self.connect().await;
        client.expect("connected").await;
        let answer = client.subscribe(json!({"channels": ["clusters"], "position": position})).await;
        (client, answer)
    }

    pub async fn stop(&self) {
        self.shutdown.cancel();
        self.hub.drained(LIMIT).await;
    }

    pub async fn reaches(&self, number: i64) {
        wait("the hub is there", async || (self.hub.position().number >= number).then_some(())).await;
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.server.abort();
    }
}

pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// How often the server asked whether it is still there; answered by the library.
    pub pings: usize,
}

impl Client {
    pub fn over(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self { socket, pings: 0 }
    }

    pub async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn close(&mut self, code: u16) {
        self.socket
            .send(Message::Close(Some(CloseFrame { code: code.into(), reason: "".into() })))
            .await
            .unwrap();
    }

    /// Bytes as they are, in no frame.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.unwrap();
    }

    /// The next message, or the close code.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let message = timeout(LIMIT, self.socket.next()).await.expect("nothing came");
            match message.expect("an end without a close frame").expect("a broken connection") {
                Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
                Message::Close(frame) => return Err(frame.unwrap().code.into()),
                Message::Ping(_) => self.pings += 1,
                _ => {}
            }
        }
    }

    pub async fn expect(&mut self, r#type: &str) -> Value {
        let message = self.next().await.unwrap_or_else(|code| panic!("closed with {code}, expected {type}"));
        assert_eq!(message["type"], r#type, "{message}");
        message
    }

    /// Subscribes and gives the answer.
    pub async fn subscribe(&mut self, mut subscribe: Value) -> Value {
        subscribe["type"] = json!("subscribe");
        self.send(subscribe).await;
        self.expect("subscribed").await
    }

    /// Positions of the next `count` events; nothing else may come between.
    pub async fn positions(&mut self, count: usize) -> Vec<i64> {
        let mut positions = Vec::with_capacity(count);
        for _ in 0..count {
            positions.push(position_of(&self.expect("event").await));
        }
        positions
    }

    /// Asks and waits for the answer: whatever was to come before it has come.
    pub async fn pong(&mut self) -> Value {
        self.send(json!({"type": "ping"})).await;
        self.expect("pong").await
    }

    pub async fn close_code(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}

/// The number of a message's position; an event's must be its sequence.
pub fn position_of(message: &Value) -> i64 {
    let (_, number) = message["position"].as_str().unwrap().rsplit_once('.').unwrap();
    if let Some(sequence) = message["event"]["sequence"].as_str() {
        assert_eq!(sequence, number);
    }
    number.parse().unwrap()
}

pub fn range(positions: std::ops::RangeInclusive<i64>) -> Vec<i64> {
    positions.collect()
}
