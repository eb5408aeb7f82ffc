//! The API while PostgreSQL or Kafka is away.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pattern_bus::KafkaSettings;
use pattern_embedded::{
    EmbeddedKafka, EmbeddedPostgres, PostgresUse,
    testing::{self, TestDatabase},
};
use pattern_store::Store;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

use crate::{
    live::NO_BROKER,
    process::{Process, free_address},
    pumps::propose_pumps,
};

#[tokio::test]
async fn while_postgres_is_away_requests_get_503_and_come_right_by_themselves() {
    let data_dir = testing::private_folder("api-postgres-away");
    let postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await.expect("postgres");
    let url = postgres.database_url("postgres");
    let store = Store::connect_lazy(&url, 2).expect("store");
    store.migrate().await.expect("migrate");
    propose_pumps(&store).await;
    let address = free_address();
    let api = Process::start(&url, &KafkaSettings::new(NO_BROKER), address);
    let (client, base) = (Client::new(), format!("http://{address}"));
    let until = async |path: &str, status: StatusCode| -> Response {
        let get = || async {
            let response = client.get(format!("{base}{path}")).send().await.ok()?;
            (response.status() == status).then_some(response)
        };
        testing::eventually(&format!("{path} answers {status}"), get).await
    };
    let list: Value = until("/api/suggestions", StatusCode::OK).await.json().await.expect("json");
    let approve = client
        .post(format!("{base}/api/suggestions/{}/approve", list["items"][0]["id"].as_str().expect("id")))
        .json(&json!({}));

    postgres.stop().await;
    let response = until("/api/suggestions", StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(response.headers().contains_key("retry-after"));
    let refused = approve.try_clone().expect("clone").send().await.expect("post");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let health: Value =
        until("/health/ready", StatusCode::SERVICE_UNAVAILABLE).await.json().await.expect("json");
    assert_ne!(health["parts"]["postgres"], "up", "it names what is down");
    until("/health/live", StatusCode::OK).await;
    let used = testing::processor_seconds_during(api.pid(), Duration::from_secs(4)).await;
    assert!(used < 1.0, "{used} s of processor time in 4 s of waiting");

    let _postgres = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await.expect("postgres again");
    until("/api/suggestions", StatusCode::OK).await;
    until("/health/ready", StatusCode::OK).await;
    assert_eq!(approve.send().await.expect("post").status(), StatusCode::OK);
}

#[tokio::test]
async fn samples_that_a_dying_broker_does_not_take_are_answered_before_its_client_gives_up() {
    let data_dir = testing::private_folder("api-kafka-stopped");
    let broker = EmbeddedKafka::start(&data_dir, &testing::kafka_programs()).await.expect("kafka");
    let kafka = KafkaSettings::new(broker.bootstrap());
    pattern_bus::topics::ensure_topics(&kafka).await.expect("topics");
    let database = TestDatabase::create().await;
    Store::connect_lazy(&database.url, 2).expect("store").migrate().await.expect("migrate");
    let address = free_address();
    let _api = Process::start(&database.url, &kafka, address);
    let client = Client::new();
    let samples = json!([{ "name": "T-1", "timestamp": chrono::Utc::now(), "value": 1.0 }]);
    let post = client
        .post(format!("http://{address}/api/samples"))
        .json(&json!({ "data_source": "plant", "samples": samples }));
    let taken = || async {
        let answer = post.try_clone()?.send().await.ok()?;
        (answer.status() == StatusCode::ACCEPTED).then_some(())
    };
    testing::eventually("samples are taken", taken).await;

    let process = Pid::from_raw(broker.pid().try_into().expect("a pid"));
    // It holds its connections open and says nothing more; health has not seen that yet.
    kill(process, Signal::SIGSTOP).expect("it lives");
    let answer = post.try_clone().expect("clone").send().await.expect("answer");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let problem: Value = answer.json().await.expect("json");
    let detail = problem["detail"].as_str().expect("detail");
    assert!(detail.contains("kafka did not answer within 5 s; send them again"), "{detail}");

    kill(process, Signal::SIGCONT).expect("it lives");
    testing::eventually("samples are taken again", taken).await;
    broker.stop().await;
}
