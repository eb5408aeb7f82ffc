//! Health tells of what should happen and does not, and REST, the socket and the probe tell the same.

use futures_util::{SinkExt, StreamExt};
use pattern_bus::{KafkaSettings, datapoints::run_datapoints_consumer};
use pattern_core::domain::TOPIC_DATAPOINTS;
use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::Store;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::time::timeout;
use tokio_tungstenite::{connect_async, tungstenite::Message};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    live::LIMIT,
    process::{Process, free_address},
};

struct Site {
    store: Store,
    kafka: KafkaSettings,
    address: SocketAddr,
    client: Client,
    _api: Process,
    _database: TestDatabase,
}

impl Site {
    /// An API, and no worker.
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 4).expect("store");
        store.migrate().await.expect("migrate");
        let prefix = format!("t{}.", &Uuid::new_v4().simple().to_string()[..12]);
        let kafka = KafkaSettings::new(testing::kafka_bootstrap()).with_topic_prefix(prefix);
        pattern_bus::topics::ensure_topics(&kafka).await.expect("topics");
        let address = free_address();
        let api = Process::start(&database.url, &kafka, address);
        let site = Self { store, kafka, address, client: Client::new(), _api: api, _database: database };
        site.until("everything is up", |_, health| health["status"] == "up").await;
        site
    }

    /// Answers the health once it is as wanted.
    async fn until(&self, what: &str, wanted: impl Fn(StatusCode, &Value) -> bool) -> Value {
        let url = format!("http://{}/health/ready", self.address);
        testing::eventually(what, || async {
            let answer = self.client.get(&url).send().await.ok()?;
            let (code, health) = (answer.status(), answer.json().await.ok()?);
            wanted(code, &health).then_some(health)
        })
        .await
    }

    async fn post(&self, path: &str, body: Value) {
        let url = format!("http://{}{path}", self.address);
        let answer = self.client.post(url).json(&body).send().await.expect("answer");
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
    }
}

fn names(health: &Value, part: &str) -> bool {
    health["degraded"].as_array().is_some_and(|names| names.iter().any(|name| name == part))
}

#[tokio::test]
async fn samples_that_nobody_takes_in_degrade_the_health_until_somebody_does() {
    let site = Site::start().await;
    let samples = json!([{ "name": "T-1", "timestamp": chrono::Utc::now(), "value": 1.0 }]);
    site.post("/api/samples", json!({ "data_source": "plant", "samples": samples })).await;
    let health = site.until("the ingest is named", |_, health| names(health, "ingest")).await;
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["figures"]["ingest_lag_records"], 1);
    assert!(health["parts"]["ingest"].as_str().is_some_and(|words| words.contains("1 records")), "{health}");
    site.until("it still serves", |code, health| code == StatusCode::OK && names(health, "ingest")).await;

    let stop = CancellationToken::new();
    let consumer =
        run_datapoints_consumer(site.kafka.clone(), "workers".into(), site.store.clone(), stop.clone());
    let consumer = tokio::spawn(consumer);
    site.until("the ingest is up again", |_, health| health["parts"]["ingest"] == "up").await;
    stop.cancel();
    consumer.await.expect("joined").expect("ended well");
}

#[tokio::test]
async fn a_run_that_no_worker_does_degrades_the_health_and_the_page_is_told() {
    let site = Site::start().await;
    let (mut socket, _) = connect_async(format!("ws://{}/ws", site.address)).await.expect("socket");
    let subscribe = json!({ "type": "subscribe", "channels": ["health"] }).to_string();
    socket.send(Message::text(subscribe)).await.expect("subscribe");
    site.post("/api/jobs/flywheel/run", json!({})).await;
    let told = timeout(LIMIT, async {
        loop {
            let Some(Ok(message)) = socket.next().await else { panic!("the socket ended") };
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text).expect("json");
            if message["type"] == "health" && names(&message, "jobs") {
                return message;
            }
        }
    });
    let told = told.await.expect("the socket tells of the jobs");
    let words = told["parts"]["jobs"].as_str().expect("words");
    assert!(words.starts_with("no worker "), "{words}");
    site.until("the probe says the same", |_, health| health["parts"]["jobs"] == words).await;
}

#[tokio::test]
async fn a_missing_topic_of_samples_is_named_until_it_is_there_again() {
    let site = Site::start().await;
    let topic = site.kafka.topic(TOPIC_DATAPOINTS);
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &site.kafka.bootstrap).create().expect("admin client");
    let deleted = admin.delete_topics(&[topic.as_str()], &AdminOptions::new()).await.expect("answer");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    let health = site.until("the ingest is named", |_, health| names(health, "ingest")).await;
    let words = health["parts"]["ingest"].as_str().expect("words");
    assert!(words.contains(&format!("topic {topic} is missing")), "{words}");
    assert_eq!(health["parts"]["kafka"], "up", "the broker itself is well");

    pattern_bus::topics::ensure_topics(&site.kafka).await.expect("topics");
    site.until("everything is up again", |_, health| health["status"] == "up").await;
}
