use pattern_core::domain::{EventType, JobName};
use pattern_store::{Store, jobs::NewRun};
use serde_json::json;

use crate::live::{Stream, cluster_event, event, position_of, range};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_greeted_with_the_pending_count_and_the_position() {
    let stream = Stream::without_broker().await;
    stream.append(1..=3).await;
    stream.numbered(3).await;
    let instance = stream.instance().await;
    let greeting = instance.connect().await.expect("connected").await;
    assert_eq!(greeting, json!({"type": "connected", "pending_count": 0, "position": stream.token(3).await}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_comes_as_one_cloud_event_with_its_position() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;
    stream.append(7..=7).await;
    let message = client.expect("event").await;
    assert_eq!(message["position"], stream.token(1).await);
    assert_eq!(message["event"]["specversion"], "1.0");
    assert_eq!(message["event"]["sequence"], "1");
    assert_eq!(message["event"]["data"]["version"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_its_channels_of_its_data_source_only() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.connect().await;
    client.expect("connected").await;
    client.subscribe(json!({"channels": ["clusters", "patterns"], "data_source": "north"})).await;
    stream.append_event(cluster_event("north", 1, 0)).await;
    stream.append_event(cluster_event("south", 1, 0)).await;
    stream.append_event(event(EventType::SuggestionCreated, "north", 1, 0)).await;
    stream.append_event(event(EventType::PatternUpdated, "north", 1, 0)).await;
    assert_eq!(client.positions(2).await, [1, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pong_takes_a_quiet_client_along() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.connect().await;
    client.expect("connected").await;
    client.subscribe(json!({"channels": ["patterns"]})).await;
    stream.append(1..=20).await;
    instance.reaches(20).await;
    while position_of(&client.pong().await) < 20 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_after_unsubscribing() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;
    stream.append(1..=1).await;
    assert_eq!(client.positions(1).await, [1]);
    client.send(json!({"type": "unsubscribe", "channels": ["clusters"]})).await;
    client.pong().await;
    stream.append(2..=5).await;
    instance.reaches(5).await;
    while position_of(&client.pong().await) < 5 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_added_later_gets_what_it_missed_and_the_others_go_on() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;
    for version in 1..=5 {
        stream.append_event(cluster_event("plant", version, 0)).await;
        stream.append_event(event(EventType::PatternUpdated, "plant", version, 0)).await;
    }
    assert_eq!(client.positions(5).await, [1, 3, 5, 7, 9]);
    instance.reaches(10).await;
    let answer = client.subscribe(json!({"channels": ["patterns"], "position": stream.token(4).await})).await;
    assert_eq!(answer["recovered"], true);
    assert_eq!(client.positions(3).await, [6, 8, 10]);
    stream.append(6..=7).await;
    assert_eq!(client.positions(2).await, range(11..=12));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_answered() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;
    client.send(json!({"type": "stats"})).await;
    let figures = client.expect("statistics").await;
    assert_eq!((&figures["connections"], &figures["pending_count"]), (&json!(1), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn job_runs_are_sent_whole_and_then_as_they_change() {
    let stream = Stream::without_broker().await;
    let enqueue = async || {
        let mut conn = stream.store.pool().acquire().await.unwrap();
        let run = NewRun::shipped(JobName::MAINTENANCE, "test");
        Store::enqueue_run(&mut conn, &run).await.unwrap().unwrap().to_string()
    };
    let (old, older) = (enqueue().await, enqueue().await);
    let instance = stream.instance().await;
    let mut client = instance.connect().await;
    client.expect("connected").await;
    client.subscribe(json!({"channels": ["jobs"]})).await;
    let ids = |message: &serde_json::Value| -> Vec<String> {
        message["runs"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
    };
    let mut whole = ids(&client.expect("jobs").await);
    whole.sort();
    let mut expected = [old, older];
    expected.sort();
    assert_eq!(whole, expected);
    let new = enqueue().await;
    assert_eq!(ids(&client.expect("jobs").await), [new]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_run_is_told_of_however_many_came_after_it() {
    let stream = Stream::without_broker().await;
    let chain = stream.store.start_flywheel(None, "anna").await.unwrap();
    for _ in 0..60 {
        let mut tx = stream.store.pool().begin().await.unwrap();
        let run =
            Store::enqueue_run(&mut tx, &NewRun::shipped(JobName::SEALING, "anna")).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        stream.store.cancel_run(run, "tester", None).await.unwrap();
    }
    let instance = stream.instance().await;
    let mut client = instance.connect().await;
    client.expect("connected").await;
    client.subscribe(json!({"channels": ["jobs"]})).await;
    let status = |message: serde_json::Value| {
        let runs = message["runs"].as_array().unwrap().clone();
        runs.into_iter().find(|run| run["id"] == chain.to_string()).map(|run| run["status"].clone())
    };
    assert_eq!(status(client.expect("jobs").await), Some(json!("queued")));
    stream.store.cancel_run(chain, "tester", None).await.unwrap();
    while status(client.expect("jobs").await) != Some(json!("cancelled")) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stats_channel_tells_changes() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.connect().await;
    client.expect("connected").await;
    client.subscribe(json!({"channels": ["stats"]})).await;
    assert_eq!(position_of(&client.expect("stats").await), 0);
    stream.append(1..=2).await;
    while position_of(&client.expect("stats").await) < 2 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_said_and_the_connection_stays() {
    let stream = Stream::without_broker().await;
    let instance = stream.instance().await;
    let mut client = instance.subscribed().await;
    client.send(json!({"type": "subscribe", "channels": ["weather"]})).await;
    let error = client.expect("error").await;
    assert!(error["reason"].as_str().unwrap().contains("clusters"));
    client.pong().await;
}
