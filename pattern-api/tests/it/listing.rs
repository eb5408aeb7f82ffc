//! The list of suggestions: what it finds, in which order, and where one is in it.

use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    live::NO_BROKER,
    pumps::{PARTS, propose, score},
    rest::Api,
};

async fn thirty_pumps() -> Api {
    let api = Api::serve_empty(NO_BROKER).await;
    let pumps: Vec<String> = (101..131).map(|i| format!("P-{i}")).collect();
    propose(&api.store, &pumps, 0.9).await;
    api
}

fn labels(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| item["cluster"]["label"].as_str().expect("label")).collect()
}

#[tokio::test]
async fn words_are_found_in_tags_equipment_patterns_and_sources_whatever_their_case() {
    let api = thirty_pumps().await;
    for (search, total) in [
        ("p-117.FLOW", 1),
        ("P-11", 10),
        ("suct pump NORTH 12", 11),
        ("pump 117 discharge", 0),
        ("%25", 0),
        ("_", 0),
        ("%5C", 0),
        ("", 30),
        ("%20", 30),
    ] {
        let list = api.json(&format!("/api/suggestions?status=pending&search={search}")).await;
        assert_eq!(list["total"], total, "{search}");
    }
    let one = api.json("/api/suggestions?search=P-117.FLOW").await["items"][0].clone();
    let path = format!("/api/suggestions/{}/approve", one["id"].as_str().expect("id"));
    let named = serde_json::json!({"equipment_name": "Feed water"});
    assert_eq!(api.post(&path, "anna", named).await.0, StatusCode::OK);
    assert_eq!(labels(&api.json("/api/suggestions?search=feed%20WATER").await), ["P-117"]);
    let long = "P".repeat(201);
    for (search, status) in [("a%00b", 422), (long.as_str(), 400), ("%E2%80%8B", 200)] {
        for path in ["/api/suggestions", "/api/suggestions/counts"] {
            assert_eq!(api.get(&format!("{path}?search={search}")).await.status(), status, "{path} {search}");
        }
    }
}

#[tokio::test]
async fn every_order_goes_on_where_a_page_ends_and_begins_anywhere() {
    let api = thirty_pumps().await;
    for sort in ["priority", "confidence", "newest", "name"] {
        let path = format!("/api/suggestions?status=pending&sort={sort}");
        let all = api.json(&format!("{path}&limit=500")).await;
        let (paged, pages) = api.all(&format!("{path}&limit=7")).await;
        assert_eq!((&Value::from(paged), pages), (&all["items"], 5), "{sort}");
        let middle = api.json(&format!("{path}&limit=7&offset=12")).await;
        assert_eq!(
            middle["items"].as_array().expect("items")[..],
            all["items"].as_array().expect("items")[12..19]
        );
        assert_eq!(middle["offset"], 12);
        for (wanted, offset) in [(0, 0), (15, 12), (29, 23)] {
            let id = all["items"][wanted]["id"].as_str().expect("id");
            let around = api.json(&format!("{path}&limit=7&around={id}")).await;
            assert_eq!(
                (&around["offset"], &around["total"]),
                (&offset.into(), &30.into()),
                "{sort} {wanted}"
            );
            let ids: Vec<_> = around["items"].as_array().expect("items").iter().map(|i| &i["id"]).collect();
            assert!(ids.contains(&&Value::from(id)), "{sort} {wanted}");
        }
    }
    for offset in ["-1", "1000000001", "99999999999999999999"] {
        let refused = api.get(&format!("/api/suggestions?offset={offset}")).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{offset}");
    }
    let by_name = api.json("/api/suggestions?sort=name&limit=500").await;
    assert!(labels(&by_name).is_sorted());
}

#[tokio::test]
async fn what_is_open_is_counted_by_status_and_purpose() {
    let api = thirty_pumps().await;
    let id = api.first_pending().await;
    api.post(&format!("/api/suggestions/{id}/defer"), "anna", serde_json::json!({})).await;
    let counts = api.json("/api/suggestions/counts?data_source=north").await;
    let expected = serde_json::json!({"items": [
        {"status": "pending", "purpose": "match", "count": 29},
        {"status": "deferred", "purpose": "match", "count": 1},
    ]});
    assert_eq!(counts, expected);
    assert_eq!(api.json("/api/suggestions/counts?search=P-11").await["items"][0]["count"], 10);
    assert_eq!(api.json("/api/suggestions/counts?data_source=south").await["items"], serde_json::json!([]));
    assert_eq!(api.json("/api/suggestions?purpose=learning").await["total"], 0);
    assert_eq!(api.json("/api/suggestions?purpose=match").await["total"], 30);
}

#[tokio::test]
async fn a_score_that_changed_is_no_conflict_over_http() {
    let api = thirty_pumps().await;
    let seen = api.pending().await[0].clone();
    score(&api.store, 0.7, &PARTS).await;
    let path = format!("/api/suggestions/{}/reject", seen["id"].as_str().expect("id"));
    let body = serde_json::json!({"version": seen["version"], "reason": "a fan"});
    let (status, rejected) = api.post(&path, "anna", body).await;
    assert_eq!((status, &rejected["version"]), (StatusCode::OK, &rejected["content_version"]));
}

#[tokio::test]
async fn decisions_of_one_reviewer_are_listed_alone() {
    let api = thirty_pumps().await;
    for (suggestion, reviewer) in api.pending().await.iter().zip(["anna", "ben", "anna"]) {
        let path = format!("/api/suggestions/{}/defer", suggestion["id"].as_str().expect("id"));
        api.post(&path, reviewer, serde_json::json!({})).await;
    }
    let of = async |name: &str| api.json(&format!("/api/decisions?reviewer={name}")).await["items"].clone();
    assert_eq!(of("anna").await.as_array().map(Vec::len), Some(2));
    assert_eq!(of("ben").await.as_array().map(Vec::len), Some(1));
    assert_eq!(of("nobody").await.as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn answers_are_compressed_where_the_client_takes_it() {
    let api = thirty_pumps().await;
    let ask = async |path: &str, encoding: &str| {
        let request = api.client.get(format!("{}{path}", api.base)).header("accept-encoding", encoding);
        request.send().await.expect("get")
    };
    for path in ["/api/points?limit=500", "/", "/api/openapi.json", "/assets/x/js/view/list.js"] {
        let plain = ask(path, "identity").await;
        assert_eq!(plain.headers().get("content-encoding"), None, "{path}");
        let tag = plain.headers().get("etag").cloned();
        let plain = plain.bytes().await.expect("body");
        let packed = ask(path, "gzip, deflate").await;
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        assert_eq!(packed.headers().get("etag"), tag.as_ref(), "{path}");
        let packed = packed.bytes().await.expect("body");
        assert!(packed.len() * 2 < plain.len(), "{path}: {} of {}", packed.len(), plain.len());
    }
}

#[tokio::test]
async fn a_browser_at_an_unknown_address_gets_a_page_and_a_program_a_problem() {
    let api = Api::serve_empty(NO_BROKER).await;
    let ask = async |path: &str, accept: &str| {
        let request = api.client.get(format!("{}{path}", api.base)).header("accept", accept);
        let response = request.send().await.expect("get");
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        response.headers()["content-type"].to_str().expect("text").to_owned()
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    assert_eq!(ask("/suggestions/P-101", browser).await, "text/html; charset=utf-8");
    assert_eq!(ask("/api/nothing", browser).await, "text/html; charset=utf-8");
    for accept in ["*/*", "application/json"] {
        assert_eq!(ask("/api/nothing", accept).await, "application/problem+json");
    }
    let unknown = "/api/suggestions/00000000-0000-0000-0000-000000000000";
    assert_eq!(ask(unknown, browser).await, "application/problem+json", "the route is there");
}

#[test]
fn the_description_says_what_everything_is() {
    let document = serde_json::to_value(pattern_api::routes::openapi()).expect("openapi");
    let is_said = |value: &Value, field: &str| value[field].as_str().is_some_and(|words| !words.is_empty());
    let mut silent = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let mut need = |what: String, is_said: bool| {
                if !is_said {
                    silent.push(format!("{method} {path} {what}"));
                }
            };
            need("itself".into(), is_said(operation, "summary"));
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                need(format!("parameter {}", parameter["name"]), is_said(parameter, "description"));
            }
            for (status, response) in operation["responses"].as_object().expect("responses") {
                need(format!("answer {status}"), is_said(response, "description"));
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        if !is_said(schema, "description") {
            silent.push(format!("type {name}"));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[tokio::test]
async fn a_point_comes_with_what_the_engine_thinks_likeliest_of_it() {
    let api = Api::serve().await;
    let source = api.store.data_source(crate::pumps::SITE).await.expect("source").expect("north").id;
    let points = api.store.stored_points(source).await.expect("points");
    let path = format!("/api/points/{}", points[0].id);
    assert_eq!(api.json(&path).await["opinion"], Value::Null, "nothing is likely yet");
    let opinion = pattern_core::domain::Opinion {
        role: "Suction".into(),
        equipment: Some("P-101".into()),
        pattern: Some("Pump".into()),
        confidence: 0.8,
        source: pattern_core::domain::OpinionSource::Spare,
    };
    let opinions = [(points[0].id, opinion.clone())].into();
    let fence = pattern_store::jobs::Fence::open();
    assert_eq!(api.store.set_opinions(source, &opinions, fence).await.expect("opinions"), 1);
    assert_eq!(
        api.store.set_opinions(source, &opinions, fence).await.expect("opinions"),
        0,
        "nothing changed"
    );
    let shown = api.json(&path).await;
    assert_eq!(
        (&shown["name"], &shown["opinion"]),
        (&points[0].name.clone().into(), &serde_json::to_value(opinion).expect("json"))
    );
}
