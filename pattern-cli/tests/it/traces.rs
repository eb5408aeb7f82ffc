//! A decision is one trace, from the request to the browsers and the jobs that it sets off; a collector of our own, which
//! speaks OTLP, receives it. What was counted meanwhile is there for Prometheus.

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use nix::sys::signal::Signal;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value as Attribute,
    trace::v1::{Span, span::SpanKind},
};
use pattern_embedded::poll;
use prost::Message;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
};

use crate::program::{TIMEOUT, Up, naia, naia_up};

/// The spans that came, each with the name of the service that sent it.
type Received = Arc<Mutex<Vec<(String, Span)>>>;

async fn receive(State(received): State<Received>, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let mut received = received.lock().expect("spans");
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let named = attributes.iter().find(|attribute| attribute.key == "service.name");
        let service = named.and_then(|name| name.value.clone()?.value);
        let Some(Attribute::StringValue(service)) = service else { panic!("a resource without a name") };
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        received.extend(spans.map(|span| (service.clone(), span)));
    }
    StatusCode::OK
}

/// A collector, and its address.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/v1/traces", post(receive)).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, received)
}

fn text(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.clone()?.value? {
        Attribute::StringValue(text) => Some(text),
        Attribute::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Approves the first suggestion as somebody whose own trace goes on here; answers the id of that trace.
async fn approve_one(api: &str) -> String {
    let client = reqwest::Client::new();
    let list: Value = client
        .get(format!("{api}/api/suggestions?kind=equipment"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let id = list["items"][0]["id"].as_str().expect("a suggestion");
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let answer = client
        .post(format!("{api}/api/suggestions/{id}/approve"))
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .json(&json!({ "equipment_name": "Traced" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    trace.to_owned()
}

#[tokio::test]
async fn a_decision_is_one_trace_to_the_browsers_and_the_jobs_and_is_counted() {
    let scratch = tempfile::tempdir().unwrap();
    let data_dir = scratch.path().join("data");
    let (endpoint, received) = collector().await;
    let mut command = naia_up(&data_dir, "127.0.0.1:0", &[]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint).env("OTEL_SERVICE_NAME", "naia-under-test");
    command.env("OTEL_BSP_SCHEDULE_DELAY", "100").env("NAIA_LOG__FORMAT", "json");
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let logged = Arc::new(Mutex::new(Vec::new()));
    let keep = logged.clone();
    tokio::spawn(async move {
        while let Ok(Some(line)) = log.next_line().await {
            keep.lock().expect("log").push(line);
        }
    });
    let up = Up::following(child).await;
    let api = up.address("api");
    let plant = scratch.path().join("plant").display().to_string();
    let run = |arguments: Vec<String>| async move {
        let output = naia(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(vec!["sample-plant".into(), plant.clone()]).await;
    let data = data_dir.display().to_string();
    run(["import", &plant, "--data-source", "plant", "--data-dir", &data].map(str::to_owned).to_vec()).await;
    let list = format!("{api}/api/suggestions?kind=equipment&limit=1");
    let asked = poll(TIMEOUT, || async {
        let list: Value = reqwest::get(&list).await.ok()?.json().await.ok()?;
        (list["total"].as_i64()? > 0).then_some(())
    });
    asked.await.expect("suggestions");

    let trace = approve_one(&api).await;
    let jobs = ["pattern-learning", "cluster-detection", "pattern-matching"].map(|job| format!("run {job}"));
    let of_trace = || {
        let received = received.lock().expect("spans");
        let ours = received.iter().filter(|(_, span)| hex(&span.trace_id) == trace);
        ours.cloned().collect::<Vec<_>>()
    };
    let whole = poll(TIMEOUT, || async {
        let spans = of_trace();
        let names: BTreeSet<&str> = spans.iter().map(|(_, span)| span.name.as_str()).collect();
        let wanted = ["decide", "send naia.patterns.suggestions", "process event", "broadcast"];
        let all = wanted.into_iter().chain(jobs.iter().map(String::as_str));
        all.into_iter().all(|name| names.contains(name)).then_some(spans.clone())
    });
    let Some(spans) = whole.await else {
        let names: Vec<String> = of_trace().into_iter().map(|(_, span)| span.name).collect();
        panic!("the trace is not whole: {names:?}");
    };
    assert!(spans.iter().all(|(service, _)| service == "naia-under-test"));
    let by_id: BTreeMap<&[u8], &Span> =
        spans.iter().map(|(_, span)| (span.span_id.as_slice(), span)).collect();
    let one = |name: &str| &spans.iter().find(|(_, span)| span.name == name).expect(name).1;
    let parent = |span: &Span| by_id.get(span.parent_span_id.as_slice()).map(|span| span.name.as_str());

    let request = one("POST /api/suggestions/{id}/approve");
    assert_eq!(hex(&request.parent_span_id), "b7ad6b7169203331", "it goes on with the trace of who asks");
    assert_eq!(
        (request.kind(), text(request, "http.response.status_code").as_deref()),
        (SpanKind::Server, Some("200"))
    );
    let decide = one("decide");
    assert_eq!(parent(decide), Some(request.name.as_str()));
    assert_eq!(text(decide, "db.system.name").as_deref(), Some("postgresql"));
    let send = one("send naia.patterns.suggestions");
    assert_eq!((parent(send), send.kind()), (Some("decide"), SpanKind::Producer));
    for (key, value) in [("messaging.system", "kafka"), ("messaging.operation.type", "send")] {
        assert_eq!(text(send, key).as_deref(), Some(value));
    }
    assert!(text(send, "messaging.kafka.offset").is_some());
    let process = one("process event");
    assert_eq!((parent(process), process.kind()), (Some(send.name.as_str()), SpanKind::Consumer));
    assert_eq!(process.links[0].span_id, process.parent_span_id, "linked to the message");
    assert_eq!(parent(one("broadcast")), Some("process event"));
    for job in &jobs {
        let run = one(job);
        assert_eq!((parent(run), run.kind()), (Some("decide"), SpanKind::Consumer), "{job}");
    }

    let metrics = reqwest::get(format!("{api}/metrics")).await.unwrap().text().await.unwrap();
    for counted in [
        "naia_pattern_decisions_total{action=\"approve\",outcome=\"done\"} 1",
        "naia_pattern_jobs_executed_total{job=\"pattern-learning\",outcome=\"succeeded\"}",
        "naia_pattern_kafka_records_sent_total{topic=\"naia.patterns.suggestions\",outcome=\"acknowledged\"}",
        "naia_pattern_hub_events_total{road=",
        "naia_pattern_decision_duration_seconds_bucket{action=\"approve\",le=",
    ] {
        assert!(metrics.contains(counted), "no {counted} in\n{metrics}");
    }
    up.signal(Signal::SIGTERM);
    assert_eq!(up.ended().await.0, Some(0));
    let logged = logged.lock().expect("log");
    let lines: Vec<Value> = logged.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(!lines.is_empty(), "it logs JSON: {logged:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every metric has its place in docs/metrics.md, and a name as Prometheus wants it.
#[test]
fn the_metrics_are_named_by_convention_and_described() {
    use pattern_core::metric::MetricKind;
    let crates = [
        ("the API", pattern_api::metrics::ALL),
        ("both services: the store", pattern_store::metrics::ALL),
        ("both services: Kafka", pattern_bus::metrics::ALL),
        ("the worker", pattern_worker::metrics::ALL),
    ];
    let mut document = String::from(
        "# Metrics\n\nThe API serves them at `/metrics`, a worker at `worker.metrics_listen` (`127.0.0.1:9464` unless set), \
         in Prometheus' text format. Labels take few and known values: no point, no id, no name that people gave.\n",
    );
    let mut names = BTreeSet::new();
    for (of, all) in crates {
        document += &format!("\n## Of {of}\n\n| metric | kind | labels | meaning |\n|---|---|---|---|\n");
        for metric in all {
            assert!(names.insert(metric.name), "{} is declared twice", metric.name);
            assert!(metric.name.starts_with("naia_pattern_"), "{}", metric.name);
            let ending = match metric.kind {
                MetricKind::Counter => metric.name.ends_with("_total"),
                MetricKind::Histogram => metric.name.ends_with("_seconds"),
                MetricKind::Gauge => !metric.name.ends_with("_total"),
            };
            assert!(ending, "{} is no name for a {:?}", metric.name, metric.kind);
            let kind = format!("{:?}", metric.kind).to_lowercase();
            let labels =
                metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
            document += &format!("| `{}` | {kind} | {labels} | {} |\n", metric.name, metric.meaning);
        }
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    if std::env::var_os("NAIA_WRITE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        document,
        "renew docs/metrics.md with NAIA_WRITE_DOCS=1"
    );
}
