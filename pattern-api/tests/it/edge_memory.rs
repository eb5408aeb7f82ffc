//! What clients may cost. The bounds are several times what is needed.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;

use crate::raw::{Api, status};

#[tokio::test]
async fn an_idle_connection_costs_less_than_64_kib() {
    let api = Api::start(&[]).await;
    let idle = async || {
        let mut client = api.saying(&api.get("/health/live")).await;
        assert_eq!(status(&client.answer().await), 200);
        client
    };
    let _first = join_all((0..50).map(|_| idle())).await;
    let before = api.process.memory_kib("VmRSS");
    let clients = join_all((0..400).map(|_| idle())).await;
    let each = (api.process.memory_kib("VmRSS") - before) / clients.len() as i64;
    assert!(each < 64, "{each} KiB for each connection");
}

#[tokio::test]
async fn the_largest_body_costs_a_few_times_its_size() {
    let api = Api::start(&[]).await;
    let before = api.process.memory_kib("VmHWM");
    let body = format!("{{\"data_source\":\"x\",\"samples\":[{}0]}}", "0,".repeat(7_500_000));
    let answer = reqwest::Client::new().post(format!("http://{}/api/samples", api.address)).body(body);
    let answer = answer.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.expect("a problem");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("send several")), "{problem}");
    let grown = api.process.memory_kib("VmHWM") - before;
    assert!(grown < 100 * 1024, "{grown} KiB for 15 MB");
}
