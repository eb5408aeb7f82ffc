//! Who may do what: every route asks for a scope.

use pattern_bus::KafkaSettings;
use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::Store;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio_tungstenite::{connect_async, tungstenite};

use crate::{
    live::NO_BROKER,
    process::{Process, free_address},
};

/// What everybody may ask: probes cannot sign in, and whoever signs in is not signed in yet.
const OPEN: [&str; 6] = [
    "/health/live",
    "/health/ready",
    "/api/sign-in",
    "/api/sign-in/ways",
    "/api/sign-in/callback",
    "/api/sign-out",
];

struct Site {
    address: SocketAddr,
    client: Client,
    _api: Process,
    _database: TestDatabase,
}

impl Site {
    /// Where everybody has these scopes, as the variable has them.
    async fn of_scopes(scopes: &str) -> Self {
        let database = TestDatabase::create().await;
        Store::connect_lazy(&database.url, 2).expect("store").migrate().await.expect("migrate");
        let address = free_address();
        let variables = [("NAIA_API__LOCAL_SCOPES", scopes)];
        let kafka = KafkaSettings::new(NO_BROKER);
        let api = Process::start_with(&database.url, &kafka, address, &variables);
        let site = Self { address, client: Client::new(), _api: api, _database: database };
        let answers = || async { site.ask(Method::GET, "/health/live").await };
        testing::eventually("the api answers", answers).await;
        site
    }

    /// `None` while nobody listens.
    async fn ask(&self, method: Method, path: &str) -> Option<(StatusCode, String)> {
        let asked = self.client.request(method.clone(), format!("http://{}{path}", self.address));
        let asked = if method == Method::POST { asked.json(&json!({})) } else { asked };
        let answer = asked.send().await.ok()?;
        Some((answer.status(), answer.text().await.ok()?))
    }
}

fn refusal(scope: &str) -> String {
    format!("local lacks the scope {scope}, which this needs")
}

#[tokio::test]
async fn every_route_of_the_document_asks_for_a_scope() {
    let site = Site::of_scopes("[]").await;
    let document: Value = serde_json::to_value(pattern_api::routes::openapi()).expect("json");
    let paths = document["paths"].as_object().expect("paths");
    assert!(paths.len() > 20);
    for (path, item) in paths.iter().filter(|(path, _)| !OPEN.contains(&path.as_str())) {
        let path = path.replace("{id}", "00000000-0000-0000-0000-000000000000").replace("{name}", "sealing");
        for method in item.as_object().expect("methods").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let (status, body) = site.ask(method.clone(), &path).await.expect("an answer");
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: {body}");
            let scopes: &[&str] =
                if method == Method::GET { &["viewer", "admin"] } else { &["reviewer", "operator", "admin"] };
            assert!(scopes.iter().any(|scope| body.contains(&refusal(scope))), "{method} {path}: {body}");
        }
    }
    for path in OPEN {
        let (status, _) = site.ask(Method::GET, path).await.expect("an answer");
        assert_ne!(status, StatusCode::FORBIDDEN, "{path}");
    }
    match connect_async(format!("ws://{}/ws", site.address)).await {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), StatusCode::FORBIDDEN),
        other => panic!("no socket is opened: {other:?}"),
    }
}

#[tokio::test]
async fn each_scope_allows_its_own_and_reading() {
    let decide = "/api/suggestions/00000000-0000-0000-0000-000000000000/reject";
    let run = "/api/jobs/sealing/run";
    for (scopes, decided, ran) in [
        ("viewer", StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        ("reviewer", StatusCode::NOT_FOUND, StatusCode::FORBIDDEN),
        ("operator", StatusCode::FORBIDDEN, StatusCode::ACCEPTED),
        ("admin", StatusCode::NOT_FOUND, StatusCode::ACCEPTED),
    ] {
        let site = Site::of_scopes(scopes).await;
        let until = |method: Method, path: &'static str| {
            let site = &site;
            async move {
                let known = || async {
                    let (status, _) = site.ask(method.clone(), path).await?;
                    (status != StatusCode::SERVICE_UNAVAILABLE).then_some(status)
                };
                testing::eventually("the database is known", known).await
            }
        };
        assert_eq!(until(Method::GET, "/api/suggestions").await, StatusCode::OK, "{scopes}");
        assert_eq!(until(Method::POST, decide).await, decided, "{scopes}");
        assert_eq!(until(Method::POST, run).await, ran, "{scopes}");
    }
}
