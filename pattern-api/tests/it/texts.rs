//! Texts of people have an end, and show what they are.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::rest::Api;

const REFUSED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

async fn refused(api: &Api, action: &str, body: Value, says: &[&str]) {
    let id = api.first_pending().await;
    let (status, problem) = api.post(&format!("/api/suggestions/{id}/{action}"), "anna", body).await;
    assert_eq!(status, REFUSED, "{problem}");
    let detail = problem["detail"].as_str().expect("detail");
    assert!(says.iter().all(|part| detail.contains(part)), "'{detail}' should say {says:?}");
    assert!(detail.len() < 300, "a problem repeats no text: {} bytes", detail.len());
    assert_eq!(api.first_pending().await, id, "nothing was decided");
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_by_field_and_limit() {
    let api = Api::serve().await;
    let id = api.first_pending().await;
    let point =
        api.json(&format!("/api/suggestions/{id}")).await["points"][0]["id"].as_str().expect("id").to_owned();
    let long = |characters: usize| "ü".repeat(characters);
    refused(&api, "reject", json!({ "reason": "R".repeat(1_000_000) }), &["reason", "1000000", "2000"]).await;
    for (field, text, limit) in [
        ("comment", json!(long(2_001)), "2000"),
        ("equipment_name", json!("E".repeat(1_000_000)), "500"),
        ("pattern_name", json!(long(201)), "200"),
        ("equipment_names", json!({ &point: long(501) }), "500"),
        ("role_assignments", json!({ &point: long(201) }), "200"),
    ] {
        refused(&api, "approve", json!({ field: text }), &[field, "characters long", limit]).await;
    }
    let reason = long(2_000);
    let (status, _) =
        api.post(&format!("/api/suggestions/{id}/reject"), "anna", json!({ "reason": &reason })).await;
    assert_eq!(status, StatusCode::OK, "as long as is allowed");
    let decision = api.json(&format!("/api/suggestions/{id}")).await["decision"]["reason"].clone();
    assert_eq!(decision, json!(reason));
}

#[tokio::test]
async fn a_text_with_characters_that_nobody_sees_is_refused_by_field_and_code() {
    let api = Api::serve().await;
    for (action, field, text, code) in [
        ("approve", "equipment_name", "E\nF", "U+000A"),
        ("approve", "equipment_name", "E\u{202e}F", "U+202E"),
        ("approve", "pattern_name", "P\u{200b}ump", "U+200B"),
        ("approve", "comment", "a\u{0}b", "U+0000"),
        ("reject", "reason", "a\u{2066}b", "U+2066"),
        ("reject", "reason", "\u{1b}[31mred", "U+001B"),
        ("reject", "reason", "\u{301}lone", "U+0301"),
    ] {
        refused(&api, action, json!({ field: text }), &[field, code]).await;
    }
    refused(&api, "reject", json!({ "reason": format!("Z{}", "\u{337}".repeat(40)) }), &["reason", "marks"])
        .await;
}

#[tokio::test]
async fn a_reason_may_have_several_lines_and_is_kept_without_blanks_around_it() {
    let api = Api::serve().await;
    let id = api.first_pending().await;
    let body = json!({ "reason": "  first line\r\nsecond line\n" });
    let (status, _) = api.post(&format!("/api/suggestions/{id}/reject"), " anna ", body).await;
    assert_eq!(status, StatusCode::OK);
    let decision = api.json(&format!("/api/suggestions/{id}")).await["decision"].clone();
    assert_eq!(
        (&decision["reason"], &decision["decided_by"]),
        (&json!("first line\nsecond line"), &json!("anna"))
    );
}

#[tokio::test]
async fn in_a_bulk_each_text_is_judged_by_itself() {
    let api = Api::serve().await;
    let ids: Vec<Value> = api.pending().await.iter().map(|s| s["id"].clone()).collect();
    let body = json!({ "decisions": [
        { "id": ids[0], "action": "reject", "reason": "R".repeat(2_001) },
        { "id": ids[1], "action": "reject", "reason": "fine" },
    ]});
    let (status, answer) = api.post("/api/suggestions/bulk", "anna", body).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["results"][0]["problem"]["status"], 422, "{answer}");
    assert_eq!(answer["results"][1]["suggestion"]["status"], "rejected", "{answer}");
}

#[tokio::test]
async fn a_reviewer_or_a_key_that_can_not_be_kept_whole_is_refused() {
    let api = Api::serve().await;
    let id = api.first_pending().await;
    let path = format!("{}/api/suggestions/{id}/reject", api.base);
    for (header, value, says) in [
        ("X-Naia-Reviewer", "a".repeat(5_000).into_bytes(), "5000 characters"),
        ("X-Naia-Reviewer", b"\xff\xfe".to_vec(), "not UTF-8"),
        ("X-Naia-Reviewer", "an\u{202e}na".as_bytes().to_vec(), "U+202E"),
        ("X-Naia-Reviewer", "an\tna".as_bytes().to_vec(), "U+0009"),
        ("Idempotency-Key", "k".repeat(201).into_bytes(), "201 characters"),
    ] {
        let request = api.client.post(&path).json(&json!({})).header(header, value.as_slice());
        let response = request.send().await.expect("answer");
        assert_eq!(response.status(), REFUSED);
        let problem: Value = response.json().await.expect("problem");
        let detail = problem["detail"].as_str().expect("detail").to_owned();
        assert!(detail.contains(&header.to_lowercase()) && detail.contains(says), "{detail}");
    }
    assert_eq!(api.first_pending().await, id, "nothing was decided");
}

#[tokio::test]
async fn names_of_data_sources_and_points_are_judged_alike_everywhere() {
    let api = Api::serve().await;
    for name in ["n".repeat(501), "no\u{202e}rth".into(), "no\nrth".into()] {
        let (status, problem) =
            api.post("/api/jobs/flywheel/run", "anna", json!({ "data_source": name })).await;
        assert_eq!(status, REFUSED, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("data_source")), "{problem}");
        let samples = json!([{ "name": name, "timestamp": "2026-03-02T00:00:00Z", "value": 1.0 }]);
        let (status, _) =
            api.post("/api/samples", "anna", json!({ "data_source": name, "samples": samples })).await;
        assert_eq!(status, REFUSED);
        let (_, answer) =
            api.post("/api/samples", "anna", json!({ "data_source": "north", "samples": samples })).await;
        assert_eq!(answer["rejected"][0]["index"], 0, "{answer}");
    }
}

#[test]
fn the_published_limits_are_those_that_are_kept() {
    use pattern_core::domain::text;
    let openapi = serde_json::to_value(pattern_api::routes::openapi()).expect("openapi");
    for (schema, field, most) in [
        ("RejectRequest", "reason", text::REASON.most),
        ("ApproveRequest", "comment", text::REASON.most),
        ("ApproveRequest", "equipment_name", text::NAME.most),
        ("ApproveRequest", "pattern_name", text::SHORT_NAME.most),
        ("PostSamples", "data_source", text::NAME.most),
        ("NamedSample", "name", text::NAME.most),
        ("TriggerRequest", "data_source", text::NAME.most),
    ] {
        let published = &openapi["components"]["schemas"][schema]["properties"][field]["maxLength"];
        assert_eq!(published, most, "{schema}.{field}");
    }
}
