//! The REST interface as clients see it: shapes, conflicts, problems.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use pattern_api::routes;
use pattern_config::ApiConfig;
use pattern_core::domain::JobTypes;
use pattern_embedded::testing::{self, TestDatabase};
use pattern_service::Readiness;
use pattern_store::{Store, samples::KeyedSample};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    live::NO_BROKER,
    pumps::{propose, propose_pumps},
};

/// A served API on a database of its own.
pub struct Api {
    pub base: String,
    pub client: Client,
    pub store: Store,
    _database: TestDatabase,
    _shutdown: DropGuard,
}

impl Api {
    /// With pumps P-101 and P-102 proposed, and without Kafka.
    pub async fn serve() -> Self {
        let api = Self::serve_empty(NO_BROKER).await;
        propose_pumps(&api.store).await;
        api
    }

    pub async fn serve_empty(kafka: &str) -> Self {
        Self::serve_with(kafka, JobTypes::shipped(), |_| {}).await
    }

    /// In an installation with these job types, and configured so.
    pub async fn serve_with(kafka: &str, types: JobTypes, configure: impl FnOnce(&mut ApiConfig)) -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 8).expect("store").with_job_types(types.clone());
        store.migrate().await.expect("migrate");
        let mut config = ApiConfig::default();
        config.postgres.url = database.url.clone();
        config.kafka.bootstrap_servers = kafka.into();
        configure(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let base = format!("http://{}", listener.local_addr().expect("address"));
        let shutdown = CancellationToken::new();
        tokio::spawn(pattern_api::run_with(
            config,
            types.clone(),
            listener,
            Readiness::default(),
            shutdown.clone(),
        ));
        let (client, _shutdown) = (Client::new(), shutdown.drop_guard());
        let api = Self { base, client, store, _database: database, _shutdown };
        api.until("/health/ready", StatusCode::OK).await;
        api
    }

    async fn until(&self, path: &str, status: StatusCode) -> Response {
        testing::eventually(path, || async {
            let response = self.get(path).await;
            (response.status() == status).then_some(response)
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.expect("get")
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("json")
    }

    pub async fn post(&self, path: &str, reviewer: &str, body: Value) -> (StatusCode, Value) {
        self.post_with(path, reviewer, body, None).await
    }

    pub async fn post_with(
        &self,
        path: &str,
        reviewer: &str,
        body: Value,
        key: Option<&str>,
    ) -> (StatusCode, Value) {
        let mut request =
            self.client.post(format!("{}{path}", self.base)).header("X-Naia-Reviewer", reviewer).json(&body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let response = request.send().await.expect("post");
        (response.status(), response.json().await.expect("json"))
    }

    /// The items of all pages, and how many pages there were.
    pub async fn all(&self, path: &str) -> (Vec<Value>, usize) {
        let (mut items, mut pages, mut place) = (Vec::new(), 0, String::new());
        loop {
            let page = self.json(&format!("{path}{place}")).await;
            items.extend(page["items"].as_array().expect("items").clone());
            pages += 1;
            assert!(pages < 1000, "{path} has no end");
            match page["next_cursor"].as_str() {
                Some(cursor) => place = format!("&cursor={cursor}"),
                None => return (items, pages),
            }
        }
    }

    pub async fn pending(&self) -> Vec<Value> {
        let list = self.json("/api/suggestions?status=pending&limit=50").await;
        list["items"].as_array().expect("items").clone()
    }

    pub async fn first_pending(&self) -> String {
        self.pending().await[0]["id"].as_str().expect("id").to_owned()
    }
}

#[tokio::test]
async fn lists_and_details_have_the_promised_shape() {
    let api = Api::serve().await;
    let list = api.json("/api/suggestions?status=pending&limit=1").await;
    assert_eq!((list["total"].as_i64(), list["items"].as_array().map(Vec::len)), (Some(2), Some(1)));
    assert!(list["position"].as_str().is_some_and(|p| p.contains('.')), "{list}");
    let item = &list["items"][0];
    for field in [
        "id",
        "status",
        "pattern",
        "cluster",
        "data_source",
        "version",
        "purpose",
        "confidence",
        "scores",
        "reason",
        "created_at",
        "expires_at",
    ] {
        assert!(!item[field].is_null(), "{field} is missing in {item}");
    }
    for score in ["name", "unit", "range", "behavior", "rate", "cohesion"] {
        assert!(item["scores"].get(score).is_some(), "{score} is missing");
    }
    let cursor = list["next_cursor"].as_str().expect("there is another page");
    let next = api.json(&format!("/api/suggestions?status=pending&limit=1&cursor={cursor}")).await;
    assert_ne!(next["items"][0]["id"], item["id"]);
    assert_eq!(next["next_cursor"], Value::Null);

    let detail = api.json(&format!("/api/suggestions/{}", item["id"].as_str().expect("id"))).await;
    assert_eq!(detail["points"].as_array().map(Vec::len), Some(3));
    let role = detail["roles"].as_array().expect("roles").iter().find(|r| r["name"] == "Flow").expect("Flow");
    assert!(role["point_id"].is_string(), "{role}");
    assert_eq!(detail["decision"], Value::Null);
}

#[tokio::test]
async fn a_second_decision_answers_409_with_who_was_first() {
    let api = Api::serve().await;
    let id = api.first_pending().await;
    let (status, approved) = api.post(&format!("/api/suggestions/{id}/approve"), "anna", json!({})).await;
    assert_eq!((status, &approved["status"]), (StatusCode::OK, &json!("approved")));
    let (status, problem) =
        api.post(&format!("/api/suggestions/{id}/reject"), "ben", json!({"reason": "no"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["decided_by"], "anna");
    assert_eq!(problem["suggestion_status"], "approved");
    assert!(problem["decided_at"].is_string(), "{problem}");
    let detail = api.json(&format!("/api/suggestions/{id}")).await;
    assert_eq!(detail["decision"]["decided_by"], "anna");
    let recent = api.json("/api/decisions?limit=5").await;
    assert_eq!(recent["items"][0]["action"], "approve");
    assert_eq!(recent["items"][0]["suggestion"]["id"], json!(id));
}

#[tokio::test]
async fn a_repeated_request_with_the_same_key_is_answered_and_not_done_again() {
    let api = Api::serve().await;
    let path = format!("/api/suggestions/{}/approve", api.first_pending().await);
    let first = api.post_with(&path, "anna", json!({}), Some("key-1")).await;
    let again = api.post_with(&path, "anna", json!({}), Some("key-1")).await;
    assert_eq!((first.0, &first), (StatusCode::OK, &again));
    let other = api.post_with(&path, "anna", json!({"comment": "x"}), Some("key-1")).await;
    assert_eq!(other.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_bulk_decides_each_on_its_own() {
    let api = Api::serve().await;
    let ids: Vec<String> =
        api.pending().await.iter().map(|s| s["id"].as_str().expect("id").to_owned()).collect();
    let unknown = uuid::Uuid::new_v4();
    let (status, answer) = api
        .post(
            "/api/suggestions/bulk",
            "anna",
            json!({"decisions": [
                {"action": "approve", "id": ids[0]},
                {"action": "reject", "id": unknown, "reason": "?"},
                {"action": "reject", "id": ids[1], "reason": "it is a fan"},
            ]}),
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["results"][0]["suggestion"]["status"], "approved");
    assert_eq!(answer["results"][1]["problem"]["status"], 404);
    assert_eq!(answer["results"][2]["suggestion"]["status"], "rejected");
}

#[tokio::test]
async fn what_makes_no_sense_is_answered_with_a_problem_that_says_so() {
    let api = Api::serve().await;
    for (path, status) in [
        ("/api/suggestions?limit=0", 400),
        ("/api/suggestions?status=maybe", 400),
        ("/api/suggestions?cursor=xyz", 400),
        ("/api/suggestions/00000000-0000-0000-0000-000000000000", 404),
        ("/api/suggestions/not-a-uuid", 400),
        ("/api/jobs/runs/not-a-uuid", 400),
        ("/api/points/00000000-0000-0000-0000-000000000000/samples?to=-262143-01-01T00:00:00Z", 404),
        ("/api/points/00000000-0000-0000-0000-000000000000/samples?to=%2B262142-12-31T00:00:00Z", 404),
        ("/api/suggestions/bulk/approve", 405),
        ("/ws", 400),
        ("/api/nothing", 404),
    ] {
        let response = api.get(path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        let problem: Value = response.json().await.expect("problem");
        assert!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()), "{path}");
    }
    let id = api.first_pending().await;
    for (path, body) in [
        (format!("/api/suggestions/{id}/approve"), json!({"verison": 1})),
        (
            "/api/suggestions/bulk".into(),
            json!({"decisions": [{"action": "approve", "id": id, "verison": 1}]}),
        ),
        ("/api/suggestions/bulk".into(), json!({"decisions": [], "reviewer": "ben"})),
    ] {
        let (status, _) = api.post(&path, "anna", body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a misspelt field is not ignored");
    }
    let (status, problem) = api.post("/api/jobs/sleep/run", "anna", json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("flywheel")), "{problem}");
    let (status, problem) = api.post("/api/jobs/correlation-tile/run", "anna", json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a part of a run is not run by itself");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("correlation-analysis")), "{problem}");
}

#[tokio::test]
async fn a_triggered_chain_can_be_followed_by_its_run_id() {
    let api = Api::serve().await;
    let (status, answer) = api.post("/api/jobs/flywheel/run", "anna", json!({"data_source": "north"})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let run = api.json(&format!("/api/jobs/runs/{}", answer["run_id"].as_str().expect("run_id"))).await;
    assert_eq!((&run["job"], &run["status"]), (&json!("flywheel"), &json!("queued")));
    assert_eq!(run["data_source"], "north");
    let queues = api.json("/api/jobs").await;
    let first = queues["items"].as_array().expect("items").iter().find(|q| q["job"] == "behavioral-analysis");
    assert_eq!(first.expect("queue")["workers"], 0, "nobody serves it, and that can be seen");
}

#[tokio::test]
async fn a_repeated_request_for_a_run_is_answered_with_the_run_it_made() {
    let api = Api::serve().await;
    for path in ["/api/jobs/flywheel/run", "/api/jobs/sealing/run"] {
        let first = api.post_with(path, "anna", json!({}), Some(path)).await;
        let id = &first.1["run_id"];
        // One that waits would be answered to anybody who asks for the same.
        let cancelled = format!("/api/jobs/runs/{}/cancel", id.as_str().expect("run_id"));
        let (status, run) = api.post(&cancelled, "ben", json!({})).await;
        assert_eq!(
            (status, &run["triggered_by"], &run["cancelled_by"]),
            (StatusCode::OK, &json!("anna"), &json!("ben"))
        );
        let again = api.post_with(path, "anna", json!({}), Some(path)).await;
        assert_eq!((first.0, &first), (StatusCode::ACCEPTED, &again));
        let other = api.post_with(path, "anna", json!({"data_source": "north"}), Some(path)).await;
        assert_eq!(other.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn equally_confident_suggestions_come_each_once_over_all_pages() {
    let api = Api::serve_empty(NO_BROKER).await;
    let is_odd = |x: &f64| serde_json::from_str::<f64>(&x.to_string()).expect("a number") != *x;
    // One that comes back from JSON as its neighbour, unless JSON is read exactly.
    let confidence = (3..10_000).map(|i| 1.0 / f64::from(i)).find(is_odd).unwrap_or(1.0 / 3.0);
    let pumps: Vec<_> = (100..250).map(|i| format!("P-{i}")).collect();
    propose(&api.store, &pumps, confidence).await;
    let (items, pages) = api.all("/api/suggestions?limit=50").await;
    let ids: BTreeSet<_> = items.iter().map(|s| s["id"].as_str().expect("id")).collect();
    assert_eq!((items.len(), ids.len(), pages), (150, 150, 3));
}

#[tokio::test]
async fn runs_and_decisions_come_page_by_page() {
    let api = Api::serve().await;
    for id in api.pending().await.iter().map(|s| s["id"].as_str().expect("id").to_owned()) {
        for action in ["approve", "undo", "reject"] {
            let path = format!("/api/suggestions/{id}/{action}");
            assert_eq!(api.post(&path, "anna", json!({})).await.0, StatusCode::OK);
        }
    }
    let (decisions, pages) = api.all("/api/decisions?limit=2").await;
    let ids: BTreeSet<_> = decisions.iter().map(|d| d["id"].as_str().expect("id")).collect();
    assert_eq!((decisions.len(), ids.len(), pages), (6, 6, 3));
    let all = api.json("/api/jobs/runs?limit=500").await;
    let (runs, pages) = api.all("/api/jobs/runs?limit=1").await;
    assert_eq!(json!(runs), all["items"]);
    assert!(pages > 1 && pages == runs.len());
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let api = Api::serve().await;
    let id = api.first_pending().await;
    for path in [
        &format!("/api/suggestions/{id}"),
        "/api/suggestions?limit=1",
        "/api/patterns?limit=1",
        "/api/clusters",
    ] {
        let tag = api.get(path).await.headers()["etag"].clone();
        let again = api.client.get(format!("{}{path}", api.base)).header("if-none-match", &tag);
        let answer = again.try_clone().expect("clone").send().await.expect("get");
        assert_eq!((answer.status(), &answer.headers()["etag"]), (StatusCode::NOT_MODIFIED, &tag), "{path}");
        assert_eq!(answer.bytes().await.expect("body").len(), 0);
    }
    let path = format!("/api/suggestions/{id}");
    let tag = api.get(&path).await.headers()["etag"].clone();
    api.post(&format!("{path}/approve"), "anna", json!({})).await;
    let changed = api.client.get(format!("{}{path}", api.base)).header("if-none-match", &tag);
    assert_eq!(changed.send().await.expect("get").status(), StatusCode::OK);
}

#[tokio::test]
async fn pages_of_other_origins_may_read_but_not_write() {
    let api = Api::serve().await;
    let path = format!("{}/api/suggestions/{}/approve", api.base, api.first_pending().await);
    // What any page can send without asking first.
    let write = |origin: &str| api.client.post(&path).header("origin", origin).body("{}");
    let refused = write("http://evil.example").send().await.expect("post");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let read =
        api.client.get(format!("{}/api/suggestions", api.base)).header("origin", "http://evil.example");
    assert_eq!(read.send().await.expect("get").status(), StatusCode::OK);
    assert_eq!(write(&api.base).send().await.expect("post").status(), StatusCode::OK);
}

#[tokio::test]
async fn as_many_samples_as_promised_are_taken_and_a_larger_body_is_refused() {
    let api = Api::serve_empty(NO_BROKER).await;
    // Without a name, so that Kafka is not needed for them.
    let sample = json!({"name": "", "timestamp": "2026-03-02T00:00:00Z", "value": 1.0});
    let samples = json!({"data_source": "north", "samples": vec![sample; 100_000]});
    let (status, answer) = api.post("/api/samples", "anna", samples).await;
    assert_eq!((status, answer["rejected"].as_array().map(Vec::len)), (StatusCode::ACCEPTED, Some(100_000)));
    let (status, problem) = api.post("/api/samples", "anna", json!("x".repeat(16 << 20))).await;
    assert_eq!((status, &problem["status"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!(413)), "{problem}");
}

#[tokio::test]
async fn many_samples_come_in_several_answers() {
    let api = Api::serve().await;
    let point = api.json("/api/points?limit=1").await["items"][0].clone();
    let (id, name) = (point["id"].as_str().expect("id"), point["name"].as_str().expect("name"));
    let key = api.store.point_keys("north", &[name.to_owned()]).await.expect("keys")[name];
    let start = Utc::now() - Duration::days(4);
    let every_two_seconds = (0..130_000).map(|i| KeyedSample {
        key,
        at: start + Duration::seconds(2 * i),
        value: 1.0,
        quality: 0,
    });
    api.store.append_samples(&every_two_seconds.collect::<Vec<_>>()).await.expect("append");
    let path = |from: &str| format!("/api/points/{id}/samples?from={from}&to={}", text(Utc::now()));
    let first = api.json(&path(&text(start))).await;
    let next = api.json(&path(first["next_from"].as_str().expect("there are more"))).await;
    let long = api
        .json(&format!("/api/points/{id}/samples?from=0001-01-01T00:00:00Z&to=9999-12-31T00:00:00Z"))
        .await;
    assert_eq!((&long["samples"], &long["next_from"]), (&json!([]), &json!("1990-02-01T00:00:00Z")));
    let backwards = format!("/api/points/{id}/samples?from={}&to={}", text(Utc::now()), text(start));
    assert_eq!(api.get(&backwards).await.status(), StatusCode::BAD_REQUEST);
    let count = |answer: &Value| answer["samples"].as_array().map_or(0, Vec::len);
    assert!(count(&first) < 130_000);
    assert_eq!((count(&first) + count(&next), &next["next_from"]), (130_000, &Value::Null));
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[tokio::test]
async fn health_names_kafka_and_stays_ready_without_it() {
    let away = Api::serve_empty(NO_BROKER).await.json("/health/ready").await;
    assert!(away["parts"]["kafka"].as_str().is_some_and(|kafka| kafka.starts_with("away")), "{away}");
    let up = Api::serve_empty(&testing::kafka_bootstrap()).await.json("/health/ready").await;
    assert_eq!(up["parts"]["kafka"], "up");
}

#[tokio::test]
async fn bad_samples_are_refused_one_by_one() {
    let api = Api::serve().await;
    let (status, answer) = api
        .post(
            "/api/samples",
            "anna",
            json!({"data_source": "north", "samples": [
                {"name": "", "timestamp": "2026-03-02T00:00:00Z", "value": 1.0},
                {"name": "P-101.FLOW", "timestamp": "yesterday", "value": 1.0},
                {"name": "P-101.FLOW", "timestamp": "1969-01-01T00:00:00Z", "value": 1.0},
                {"name": "P-101.\u{0}FLOW", "timestamp": "2026-03-02T00:00:00Z", "value": 1.0},
            ]}),
        )
        .await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(0)));
    let indices: Vec<_> =
        answer["rejected"].as_array().expect("rejected").iter().map(|r| &r["index"]).collect();
    assert_eq!(indices, [0, 1, 2, 3]);
    let (status, _) =
        api.post("/api/samples", "anna", json!({"data_source": "no\u{0}rth", "samples": []})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn the_checked_in_descriptions_are_what_the_types_say() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let generated = [
        ("openapi.json", serde_json::to_value(routes::openapi()).expect("openapi")),
        ("asyncapi.json", pattern_core::schema::asyncapi()),
        ("schemas/event.json", pattern_core::schema::event_schema()),
    ];
    for (file, value) in generated {
        let expected = serde_json::to_string_pretty(&value).expect("json") + "\n";
        let path = root.join(file);
        // `NAIA_WRITE_DOCS=1 cargo test -p pattern-api descriptions` renews them.
        if std::env::var_os("NAIA_WRITE_DOCS").is_some() {
            std::fs::write(&path, &expected).expect("write");
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            checked_in == expected,
            "docs/{file} is not what the types say; renew it with NAIA_WRITE_DOCS=1"
        );
    }
}
