//! An API whose database will not have it, or is not set up yet.

use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::Store;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::{
    live::NO_BROKER,
    process::{Process, free_address},
};
use pattern_bus::KafkaSettings;

/// How the API ends by itself.
async fn ended(settings: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_naia-pattern-api"));
    command
        .env("NAIA_API__LISTEN", free_address().to_string())
        .env("NAIA_KAFKA__BOOTSTRAP_SERVERS", NO_BROKER);
    command.envs(settings.iter().copied()).env("RUST_LOG", "warn").stdin(Stdio::null());
    let running = tokio::task::spawn_blocking(move || command.output().expect("the api starts"));
    let output =
        tokio::time::timeout(Duration::from_secs(60), running).await.expect("it ends").expect("output");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[tokio::test]
async fn a_database_that_does_not_exist_ends_the_process_with_a_sentence() {
    let (base, _) =
        testing::postgres_url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (output, said) = ended(&[("NAIA_POSTGRES__URL", &format!("{base}/nowhere"))]).await;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("database \"nowhere\" does not exist") && said.contains("postgres.url"), "{said}");
}

#[tokio::test]
async fn a_certificate_file_that_is_missing_ends_the_process_with_its_name() {
    let url = "postgres://naia@127.0.0.1/naia?sslmode=verify-full&sslrootcert=/nowhere/ca.crt";
    let (output, said) = ended(&[("NAIA_POSTGRES__URL", url)]).await;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("/nowhere/ca.crt"), "{said}");
}

#[tokio::test]
async fn on_an_empty_database_every_answer_names_the_command_and_it_serves_once_that_was_run() {
    let database = TestDatabase::create().await;
    let address = free_address();
    let _api = Process::start(&database.url, &KafkaSettings::new(NO_BROKER), address);
    let (client, base) = (Client::new(), format!("http://{address}"));
    let until = async |path: &str, status: StatusCode| -> Response {
        testing::eventually(&format!("{path} answers {status}"), || async {
            let response = client.get(format!("{base}{path}")).send().await.ok()?;
            (response.status() == status).then_some(response)
        })
        .await
    };
    until("/health/live", StatusCode::OK).await;
    let id = uuid::Uuid::nil();
    for path in [
        "/api/suggestions",
        "/api/suggestions/stats",
        &format!("/api/suggestions/{id}"),
        "/api/points",
        "/api/clusters",
        "/api/patterns",
        "/api/jobs/runs",
        "/api/workers",
    ] {
        let response = client.get(format!("{base}{path}")).send().await.expect("get");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let problem: Value = response.json().await.expect("json");
        let detail = problem["detail"].as_str().expect("detail");
        assert!(detail.contains("naia-pattern-worker --run-migrations"), "{path}: {detail}");
    }
    let decided =
        client.post(format!("{base}/api/suggestions/{id}/reject")).json(&json!({"reason": "no"})).send();
    assert_eq!(decided.await.expect("post").status(), StatusCode::SERVICE_UNAVAILABLE);
    let health: Value =
        until("/health/ready", StatusCode::SERVICE_UNAVAILABLE).await.json().await.expect("json");
    let postgres = health["parts"]["postgres"].as_str().expect("postgres");
    assert!(postgres.contains("naia-pattern-worker --run-migrations"), "{health}");

    Store::connect_lazy(&database.url, 2).expect("store").migrate().await.expect("migrate");
    until("/health/ready", StatusCode::OK).await;
    until("/api/suggestions", StatusCode::OK).await;
}
