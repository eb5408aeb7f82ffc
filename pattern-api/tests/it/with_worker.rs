use pattern_bus::KafkaSettings;
use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::Store;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::{
    live::NO_BROKER,
    process::{Process, free_address},
};

#[tokio::test]
async fn an_api_with_a_worker_runs_the_jobs_itself_and_ends_when_told() {
    let database = TestDatabase::create().await;
    Store::connect_lazy(&database.url, 2).expect("store").migrate().await.expect("migrate");
    let address = free_address();
    let kafka = KafkaSettings::new(NO_BROKER);
    let mut api = Process::start_with_arguments(&database.url, &kafka, address, &["--with-worker"]);
    let client = Client::new();
    let url = |path: &str| format!("http://{address}{path}");
    let start = || async {
        let asked = client.post(url("/api/jobs/maintenance/run")).json(&json!({})).send().await.ok()?;
        (asked.status() == StatusCode::ACCEPTED).then_some(asked)
    };
    let started: Value = testing::eventually("a run is taken", start).await.json().await.expect("json");
    let path = format!("/api/jobs/runs/{}", started["run_id"].as_str().expect("id"));
    let done = || async {
        let run: Value = client.get(url(&path)).send().await.ok()?.json().await.ok()?;
        (run["status"] == "succeeded").then_some(())
    };
    testing::eventually("the run has succeeded", done).await;
    api.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(api.exit_code().await, 0);
}
