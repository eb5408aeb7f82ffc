//! The invariants of ARCHITECTURE.md that reading the source can check.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Rust files of the product itself (`pattern-*/src`), by path from the root.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(root())
        .expect("root")
        .map(|entry| entry.expect("entry").path().join("src"))
        .filter(|path| path.is_dir())
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("source")));
            }
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// Files outside `allowed` that contain one of `words` in their code.
fn offenders(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    sources()
        .into_iter()
        .filter(|(name, _)| !allowed.iter().any(|prefix| name.starts_with(prefix)))
        .filter(|(_, text)| {
            text.lines().filter(is_code).any(|line| words.iter().any(|word| line.contains(word)))
        })
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_core_and_the_engine_depend_on_nothing_that_does_io() {
    for name in ["pattern-core", "pattern-equipment", "pattern-episode"] {
        depends_on_none_of(name, &["tokio", "sqlx", "rdkafka", "axum", "reqwest", "apalis", "figment"]);
        let own_io = ["std::fs", "std::net", "std::env", "std::process", "Utc::now(", "Instant::now("];
        let in_it = |file: &String| file.starts_with(&format!("{name}/src/"));
        let found: Vec<_> = offenders(&own_io, &[]).into_iter().filter(in_it).collect();
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn dependencies_of_the_rooms_point_downwards() {
    depends_on_none_of("pattern-core", &["pattern-"]);
    for name in ["pattern-store", "pattern-bus", "pattern-import", "pattern-config"] {
        depends_on_none_of(
            name,
            &["pattern-equipment", "pattern-episode", "pattern-worker", "pattern-api", "pattern-cli"],
        );
    }
    depends_on_none_of("pattern-store", &["pattern-bus"]);
}

fn depends_on_none_of(room: &str, names: &[&str]) {
    let manifest = fs::read_to_string(root().join(room).join("Cargo.toml")).expect("manifest");
    let built = manifest.split("[dev-dependencies]").next().unwrap_or_default();
    let dependencies = built.split("[dependencies]").nth(1).unwrap_or_default();
    for name in names {
        assert!(!dependencies.lines().any(|line| line.starts_with(name)), "{room} depends on {name}");
    }
}

#[test]
fn the_reader_of_exports_knows_no_database_and_nothing_asynchronous() {
    let names = ["tokio", "sqlx", "rdkafka", "axum", "reqwest", "pattern-store", "pattern-bus"];
    depends_on_none_of("pattern-import", &names);
}

#[test]
fn only_the_store_writes_sql() {
    // pattern-embedded makes databases before there is a store.
    let found =
        offenders(&["sqlx::query", "query_scalar!", "query_as!"], &["pattern-store/", "pattern-embedded/"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn only_the_job_room_names_apalis() {
    let found = offenders(&["apalis"], &["pattern-store/src/jobs/"]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn only_the_api_knows_the_websocket_and_only_the_bus_knows_librdkafka() {
    let sockets = offenders(&["extract::ws", "WebSocketUpgrade"], &["pattern-api/"]);
    assert!(sockets.is_empty(), "{sockets:?}");
    // The private broker in memory is librdkafka's, and the demo reads as a foreign client would.
    let kafka = offenders(&["rdkafka::"], &["pattern-bus/", "pattern-embedded/", "pattern-cli/"]);
    assert!(kafka.is_empty(), "{kafka:?}");
}

#[test]
fn nothing_but_the_relay_publishes_events() {
    let readers = ["pattern-bus/src/reader.rs", "pattern-cli/src/events/", "pattern-cli/src/demo/witness.rs"];
    let mut allowed = vec!["pattern-core/", "pattern-bus/src/relay/", "pattern-bus/src/topics.rs"];
    allowed.extend(readers);
    let topics = [
        "EVENT_TOPICS",
        "TOPIC_SUGGESTIONS",
        "TOPIC_UPDATED",
        "TOPIC_CLUSTERS",
        "naia.patterns",
        "topics::all(",
    ];
    let found = offenders(&topics, &allowed);
    assert!(found.is_empty(), "{found:?}");

    // By whatever name the topic goes: there is one producer, and what it writes is a `Record`.
    let producers = ["FutureProducer", "BaseProducer", "ThreadedProducer"];
    let found = offenders(&producers, &["pattern-bus/src/producer.rs"]);
    assert!(found.is_empty(), "{found:?}");
    let writers = ["producer.rs", "relay/publish.rs", "datapoints/publish.rs", "dlq.rs"];
    let writers = writers.map(|file| format!("pattern-bus/src/{file}"));
    let found =
        offenders(&[" Record {", "(Record {", "bus::Record"], &writers.each_ref().map(String::as_str));
    assert!(found.is_empty(), "{found:?}");
}
