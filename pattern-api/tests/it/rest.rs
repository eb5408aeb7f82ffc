//! The REST interface as clients see it: shapes, conflicts, problems.

use pattern_api::routes;
use pattern_config::ApiConfig;
use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::Store;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::pumps::propose_pumps;

/// A served API on a database of its own, with pumps P-101 and P-102 proposed. Kafka is away: nothing here
/// may need it.
struct Api {
    base: String,
    client: Client,
    _database: TestDatabase,
    _shutdown: DropGuard,
}

impl Api {
    async fn serve() -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 8).expect("store");
        store.migrate().await.expect("migrate");
        propose_pumps(&store).await;
        let mut config = ApiConfig::default();
        config.postgres.url = database.url.clone();
        config.kafka.bootstrap_servers = "127.0.0.1:1".into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let base = format!("http://{}", listener.local_addr().expect("address"));
        let shutdown = CancellationToken::new();
        tokio::spawn(pattern_api::run(config, listener, shutdown.clone()));
        let api = Self { base, client: Client::new(), _database: database, _shutdown: shutdown.drop_guard() };
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

    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.expect("get")
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("json")
    }

    async fn post(&self, path: &str, reviewer: &str, body: Value) -> (StatusCode, Value) {
        self.post_with(path, reviewer, body, None).await
    }

    async fn post_with(
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

    async fn pending(&self) -> Vec<Value> {
        let list = self.json("/api/suggestions?status=pending&limit=50").await;
        list["items"].as_array().expect("items").clone()
    }

    async fn first_pending(&self) -> String {
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
        ("/api/nothing", 404),
    ] {
        let response = api.get(path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        let problem: Value = response.json().await.expect("problem");
        assert!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()), "{path}");
    }
    let id = api.first_pending().await;
    let (status, _) =
        api.post(&format!("/api/suggestions/{id}/approve"), "anna", json!({"verison": 1})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a misspelt field is not ignored");
    let (status, problem) = api.post("/api/jobs/sleep/run", "anna", json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("flywheel")), "{problem}");
}

#[tokio::test]
async fn a_triggered_chain_can_be_followed_by_its_run_id() {
    let api = Api::serve().await;
    let (status, answer) = api.post("/api/jobs/flywheel/run", "anna", json!({"data_source": "north"})).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let run = api.json(&format!("/api/jobs/runs/{}", answer["run_id"].as_str().expect("run_id"))).await;
    assert_eq!((&run["job"], &run["status"]), (&json!("flywheel"), &json!("queued")));
    assert_eq!(run["data_source"], "north");
    let again = api.post_with("/api/jobs/sealing/run", "anna", json!({}), Some("once")).await;
    let same = api.post_with("/api/jobs/sealing/run", "anna", json!({}), Some("once")).await;
    assert_eq!((again.0, &again.1), (StatusCode::ACCEPTED, &same.1), "the same request makes one run");
    let queues = api.json("/api/jobs").await;
    let first = queues["items"].as_array().expect("items").iter().find(|q| q["job"] == "behavioral-analysis");
    assert_eq!(first.expect("queue")["workers"], 0, "nobody serves it, and that can be seen");
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
            ]}),
        )
        .await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(0)));
    let indices: Vec<_> =
        answer["rejected"].as_array().expect("rejected").iter().map(|r| &r["index"]).collect();
    assert_eq!(indices, [0, 1, 2]);
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
