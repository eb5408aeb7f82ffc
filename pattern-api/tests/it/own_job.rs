//! A job type that is declared here and nowhere else: it is listed, and run through REST with arguments, a priority and a
//! deadline.

use pattern_core::domain::{JobName, JobType, JobTypes, Lane, Scope, StartedBy};
use pattern_embedded::testing::eventually;
use pattern_store::jobs::{Handler, JobContext, JobOutcome, WorkerOptions, run_workers};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use utoipa::ToSchema;

use crate::{live::NO_BROKER, rest::Api};

const COUNT_WORDS: JobName = JobName::new("count-words");

/// What to count.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CountWords {
    text: String,
    #[serde(default)]
    forever: bool,
}

fn with_count_words(started_by: Scope) -> JobTypes {
    JobTypes::shipped().with(JobType {
        lane: Lane::Free,
        priority: 6,
        max_attempts: 2,
        timeout: Duration::from_secs(30),
        started_by: StartedBy::Anybody(started_by),
        ..JobType::new::<CountWords>(COUNT_WORDS, "Counts the words of a text")
    })
}

async fn count_words(context: &JobContext) -> Result<JobOutcome, pattern_store::jobs::JobError> {
    let CountWords { text, forever } = context.arguments()?;
    if forever {
        context.cancelled.cancelled().await;
    }
    Ok(json!({ "words": text.split_whitespace().count() }).into())
}

/// A worker that keeps the texts that it counted, in their order.
fn worker(api: &Api, types: &JobTypes, concurrency: usize) -> (DropGuard, Arc<Mutex<Vec<String>>>) {
    let counted = Arc::new(Mutex::new(Vec::new()));
    let seen = counted.clone();
    let handler: Handler = Arc::new(move |context: JobContext| {
        seen.lock().expect("texts").push(context.arguments["text"].as_str().unwrap_or_default().to_owned());
        Box::pin(async move { count_words(&context).await })
    });
    let options = WorkerOptions {
        capabilities: types.chosen(&[COUNT_WORDS.as_str().to_owned()]).expect("declared"),
        concurrency,
        poll: Duration::from_millis(100),
        heartbeat: Duration::from_secs(1),
        patience: Duration::from_secs(1),
        ..WorkerOptions::new("counter")
    };
    let shutdown = CancellationToken::new();
    tokio::spawn(run_workers(api.store.clone(), options, handler, shutdown.clone()));
    (shutdown.drop_guard(), counted)
}

async fn start(api: &Api, body: Value) -> (StatusCode, Value) {
    api.post("/api/jobs/count-words/run", "olga", body).await
}

async fn ended(api: &Api, run: &Value) -> Value {
    let path = format!("/api/jobs/runs/{}", run["run_id"].as_str().expect("id"));
    eventually("the run ends", || async {
        let run = api.json(&path).await;
        ["succeeded", "dead", "cancelled"].contains(&run["status"].as_str()?).then_some(run)
    })
    .await
}

#[tokio::test]
async fn a_job_that_one_file_declares_is_listed_and_runs_with_arguments_priority_and_deadline() {
    let types = with_count_words(Scope::Operator);
    let api = Api::serve_with(NO_BROKER, types.clone(), |_| {}).await;
    let listed = api.json("/api/jobs").await;
    let of = |name: &str| {
        let all = listed["items"].as_array().expect("items");
        all.iter().find(|job| job["job"] == name).expect(name).clone()
    };
    let declared = &of("count-words")["declared"];
    assert_eq!(declared["arguments"]["properties"]["text"]["type"], "string", "{declared}");
    let terms =
        ["lane", "priority", "max_attempts", "timeout_seconds", "started_by"].map(|key| &declared[key]);
    assert_eq!(json!(terms), json!(["free", 6, 2, 30, "operator"]));
    assert_eq!(of("correlation-tile")["declared"]["part_of"], "correlation-analysis");

    let (_worker, _) = worker(&api, &types, 1);
    let deadline = chrono::Utc::now() + chrono::Duration::minutes(5);
    let body = json!({ "arguments": { "text": "to be or not" }, "priority": 9, "deadline": deadline });
    let (status, run) = start(&api, body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{run}");
    let run = ended(&api, &run).await;
    assert_eq!((&run["status"], &run["result"]["words"]), (&json!("succeeded"), &json!(4)), "{run}");
    assert_eq!((&run["arguments"]["text"], &run["priority"]), (&json!("to be or not"), &json!(9)));
    assert!(run["deadline"].is_string() && run["max_attempts"] == 2, "{run}");

    let workers = api.json("/api/workers").await;
    assert_eq!(workers["items"][0]["capabilities"], json!(["count-words"]), "what a worker can do is shown");
    let listed = api.json("/api/jobs").await;
    let served: BTreeSet<&str> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|job| job["workers"].as_i64() > Some(0))
        .filter_map(|job| job["job"].as_str())
        .collect();
    assert_eq!(served, BTreeSet::from(["count-words"]));
}

#[tokio::test]
async fn arguments_that_a_job_does_not_take_are_refused_with_those_that_it_does() {
    let api = Api::serve_with(NO_BROKER, with_count_words(Scope::Operator), |_| {}).await;
    for (arguments, named) in [
        (json!({ "txt": "a" }), "unknown field `txt`"),
        (json!({}), "missing field `text`"),
        (json!({ "text": 3 }), "invalid type"),
        (json!([]), "arguments of 'count-words'"),
    ] {
        let (status, problem) = start(&api, json!({ "arguments": arguments })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert!(problem["detail"].as_str().expect("detail").contains(named), "{problem}");
    }
    let (status, problem) = start(&api, json!({ "arguments": { "text": "a" }, "priority": 11 })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let (status, problem) =
        api.post("/api/jobs/flywheel/run", "olga", json!({ "arguments": { "a": 1 } })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(api.json("/api/jobs/runs").await["items"], json!([]), "nothing was queued");
}

#[tokio::test]
async fn who_lacks_the_scope_of_a_job_cannot_start_it() {
    let operator = |config: &mut pattern_config::ApiConfig| {
        config.api.local_scopes = vec![Scope::Viewer, Scope::Operator];
    };
    let api = Api::serve_with(NO_BROKER, with_count_words(Scope::Admin), operator).await;
    let (status, problem) = start(&api, json!({ "arguments": { "text": "a" } })).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
    assert!(problem["detail"].as_str().expect("detail").contains("scope admin"), "{problem}");
}

#[tokio::test]
async fn a_run_that_is_asked_for_again_under_its_key_is_made_once_and_so_is_its_end() {
    let api = Api::serve_with(NO_BROKER, with_count_words(Scope::Operator), |_| {}).await;
    let body = json!({ "arguments": { "text": "once" } });
    let ask = async || api.post_with("/api/jobs/count-words/run", "olga", body.clone(), Some("k")).await;
    let (first, again) = (ask().await, ask().await);
    assert_eq!(first, again);
    let cancel = format!("/api/jobs/runs/{}/cancel", first.1["run_id"].as_str().expect("id"));
    let stop = async || api.post_with(&cancel, "olga", json!({}), Some("stop")).await;
    let (stopped, again) = (stop().await, stop().await);
    assert_eq!(stopped.0, StatusCode::OK, "{}", stopped.1);
    assert_eq!(stopped, again, "the second answer is the first one");
    assert_eq!(api.json("/api/jobs/runs").await["items"].as_array().expect("items").len(), 1);
}

#[tokio::test]
async fn the_most_urgent_run_is_taken_first_and_a_late_one_is_dead_with_the_reason() {
    let types = with_count_words(Scope::Operator);
    let api = Api::serve_with(NO_BROKER, types.clone(), |_| {}).await;
    let mut runs = Vec::new();
    for (text, priority) in [("low", 1), ("usual", 6), ("urgent", 10)] {
        runs.push(start(&api, json!({ "arguments": { "text": text }, "priority": priority })).await.1);
    }
    let over = chrono::Utc::now() - chrono::Duration::seconds(1);
    let late = start(&api, json!({ "arguments": { "text": "late" }, "deadline": over })).await.1;
    let (_worker, counted) = worker(&api, &types, 1);
    for run in &runs {
        assert_eq!(ended(&api, run).await["status"], "succeeded");
    }
    assert_eq!(*counted.lock().expect("texts"), ["urgent", "usual", "low"]);
    let late = ended(&api, &late).await;
    assert_eq!(late["status"], "dead");
    assert!(late["error"].as_str().expect("error").contains("by its deadline"), "{late}");

    // At its deadline, one that is at work is stopped.
    let soon = chrono::Utc::now() + chrono::Duration::milliseconds(400);
    let body = json!({ "arguments": { "text": "never", "forever": true }, "deadline": soon });
    let stopped = ended(&api, &start(&api, body).await.1).await;
    assert_eq!((&stopped["status"], &stopped["attempts"]), (&json!("dead"), &json!(1)), "{stopped}");
    assert!(stopped["error"].as_str().expect("error").contains("by its deadline"), "{stopped}");
    // Whoever runs it again means to run it.
    let redrive = format!("/api/jobs/runs/{}/redrive", late["id"].as_str().expect("id"));
    let (status, again) = api.post(&redrive, "olga", json!({})).await;
    assert_eq!((status, &again["deadline"]), (StatusCode::OK, &Value::Null), "{again}");
}
