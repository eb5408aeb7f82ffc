//! An API on a machine whose clock is wrong.

use chrono::{DateTime, TimeDelta, Utc};
use pattern_bus::KafkaSettings;
use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::Store;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    live::NO_BROKER,
    process::{Process, free_address},
    pumps::propose_pumps,
};

#[tokio::test]
async fn a_decision_bears_the_time_of_the_database_and_samples_are_judged_by_it() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 4).expect("store");
    store.migrate().await.expect("migrate");
    propose_pumps(&store).await;
    let address = free_address();
    let _api = Process::at_another_time("+40d", &database.url, &KafkaSettings::new(NO_BROKER), address);
    let base = format!("http://{address}");
    let client = Client::new();
    // Not its health: librdkafka waits for a broker by the shifted clock, that is, for weeks.
    testing::until("the api answers", || async {
        client.get(format!("{base}/api/points")).send().await.is_ok_and(|answer| answer.status().is_success())
    })
    .await;

    let list: Value = get(&client, &format!("{base}/api/suggestions?status=pending")).await;
    let id = list["items"][0]["id"].as_str().expect("id");
    let reject = client.post(format!("{base}/api/suggestions/{id}/reject")).json(&json!({ "reason": "no" }));
    assert!(reject.send().await.expect("answer").status().is_success());
    let detail = get(&client, &format!("{base}/api/suggestions/{id}")).await;
    let decided_at: DateTime<Utc> =
        detail["decision"]["decided_at"].as_str().expect("time").parse().expect("time");
    assert!((Utc::now() - decided_at).abs() < TimeDelta::hours(1), "{decided_at}");

    let in_20_days = (Utc::now() + TimeDelta::days(20)).to_rfc3339();
    let samples = json!({ "data_source": "north", "samples": [
        { "name": "P-101.FLOW", "timestamp": in_20_days, "value": 1.0 }
    ]});
    let answer = client.post(format!("{base}/api/samples")).json(&samples).send().await.expect("answer");
    let answer: Value = answer.json().await.expect("json");
    assert!(
        answer["rejected"][0]["reason"].as_str().is_some_and(|why| why.contains("in the future")),
        "{answer}"
    );
}

async fn get(client: &Client, url: &str) -> Value {
    client.get(url).send().await.expect("answer").json().await.expect("json")
}
