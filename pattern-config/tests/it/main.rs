//! One test process sets no variables of its own: the environment belongs to the whole process, so
//! what variables do is proven by starting the services (pattern-worker, pattern-api).

use pattern_config::{ApiConfig, ConfigError, WorkerConfig, dump, load};
use std::io::Write;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("temporary file");
    file.write_all(text.as_bytes()).expect("write");
    file
}

#[test]
fn defaults_keep_the_meaning_of_the_known_keys() {
    let config: WorkerConfig = load(None).expect("defaults are valid");
    assert_eq!(config.pattern_engine.detection_threshold_score, 0.75);
    assert_eq!(config.pattern_engine.cluster_min_points, 10);
    assert_eq!(config.pattern_engine.cluster_time_window_minutes, 15);
    assert_eq!(config.pattern_engine.suggestion_expiration_days, 30);
    assert_eq!(config.worker.concurrency, 4);
    assert_eq!(config.kafka.group_id, "naia-pattern-worker");
}

#[test]
fn a_file_overrides_defaults_and_leaves_the_rest() {
    let file = file("[pattern_engine]\ndetection_threshold_score = 0.9\n");
    let config: WorkerConfig = load(Some(file.path())).expect("valid");
    assert_eq!(config.pattern_engine.detection_threshold_score, 0.9);
    assert_eq!(config.pattern_engine.cluster_min_points, 10);
}

#[test]
fn all_problems_are_told_at_once() {
    let file = file(
        "[pattern_engine]\ndetection_threshold_score = 75\ncluster_min_points = 0\n[worker]\nconcurrency = 0\n",
    );
    let Err(ConfigError::Invalid(problems)) = load::<WorkerConfig>(Some(file.path())) else {
        panic!("must be refused")
    };
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn a_misspelt_key_is_refused_by_name() {
    let file = file("[kafka]\nbootstrap_server = \"x:1\"\n");
    let error = load::<WorkerConfig>(Some(file.path())).expect_err("must be refused").to_string();
    assert!(error.contains("bootstrap_server"), "{error}");
}

#[test]
fn an_open_listener_without_authentication_is_refused() {
    let file = file("[api]\nlisten = \"0.0.0.0:5000\"\n");
    let error = load::<ApiConfig>(Some(file.path())).expect_err("must be refused").to_string();
    assert!(error.contains("no authentication"), "{error}");
}

#[test]
fn a_dump_masks_passwords_and_can_be_loaded_again() {
    let mut config = WorkerConfig::default();
    config.postgres.url = "postgres://naia:secret@db/naia".into();
    let text = dump(&config);
    assert!(text.contains("postgres://naia:***@db/naia") && !text.contains("secret"), "{text}");
    let again: WorkerConfig = load(Some(file(&text).path())).expect("a dump is a valid file");
    assert_eq!(again.pattern_engine, config.pattern_engine);
}
