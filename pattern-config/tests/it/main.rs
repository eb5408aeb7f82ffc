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
fn misspelt_keys_are_refused_all_at_once_with_the_likely_ones() {
    let file =
        file("[kafka]\nbootstrap_server = \"x:1\"\n[api]\nlistn = \"127.0.0.1:7\"\n[postgers]\nurl = \"\"\n");
    let refused =
        [load::<WorkerConfig>(Some(file.path())).map(drop), load::<ApiConfig>(Some(file.path())).map(drop)];
    for refused in refused {
        let error = refused.expect_err("must be refused").to_string();
        for (written, meant) in [
            ("kafka.bootstrap_server", "kafka.bootstrap_servers"),
            ("api.listn", "api.listen"),
            ("postgers", "postgres"),
        ] {
            assert!(
                error.contains(&format!("{written}: ")) && error.contains(&format!("did you mean {meant}?")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_file_that_can_not_be_read_is_explained_without_what_stands_in_it() {
    for (text, line) in [
        ("[postgres]\nurl = \"postgres://naia:s3cret@db/naia\n", "line 2"),
        ("postgres = \"postgres://naia:s3cret@db/naia\"\n", "postgres: is a section"),
        (
            "[postgres]\nurl = \"postgres://naia:s3cret@db/naia\"\nmax_connections = \"postgres://a:s3cret@b/c\"\n",
            "max_connections",
        ),
        ("[postgres]\nurl = \"postgres://naia:s3/cret@db/naia\"\n", "postgres.url: is not a url"),
    ] {
        let error = load::<WorkerConfig>(Some(file(text).path())).expect_err("must be refused").to_string();
        assert!(error.contains(line) && !error.contains("s3"), "{error}");
    }
}

#[test]
fn options_of_librdkafka_are_flat_however_they_are_written() {
    for text in [
        "[kafka.options]\n\"sasl.password\" = \"hidden\"\n\"linger.ms\" = 5\n",
        "[kafka.options]\nsasl.password = \"hidden\"\nlinger.ms = 5\n",
        "[kafka.options.sasl]\npassword = \"hidden\"\n[kafka.options.linger]\nms = 5\n",
    ] {
        let config: WorkerConfig = load(Some(file(text).path())).expect("valid");
        assert_eq!(config.kafka.options.get("sasl.password").map(String::as_str), Some("hidden"));
        assert_eq!(config.kafka.options.get("linger.ms").map(String::as_str), Some("5"));
        let text = dump(&config);
        assert!(!text.contains("hidden") && text.contains("\"sasl.password\" = \"***\""), "{text}");
    }
}

#[test]
fn a_log_filter_that_is_not_one_is_explained() {
    let config = file("[log]\nformat = \"json\"\nfilter = \"info,pattern_bus=loud\"\n");
    let error = load::<ApiConfig>(Some(config.path())).expect_err("must be refused").to_string();
    assert!(error.contains("log.filter") && error.contains("pattern_bus=loud"), "{error}");
    // Nothing but a part of this name would be logged.
    let config = file("[log]\nfilter = \"loud\"\n");
    let error = load::<ApiConfig>(Some(config.path())).expect_err("must be refused").to_string();
    assert!(error.contains("'loud' is no level"), "{error}");
}

#[test]
fn what_can_not_be_computed_with_is_refused_before_it_overflows() {
    let file = file(
        "[pattern_engine]\nsuggestion_expiration_days = 99999999\nretention_days = 9223372036854775807\n\
         cluster_time_window_minutes = 9223372036854775807\n[worker]\nconcurrency = 4294967295\n",
    );
    let Err(ConfigError::Invalid(problems)) = load::<WorkerConfig>(Some(file.path())) else {
        panic!("must be refused")
    };
    for key in ["suggestion_expiration_days", "retention_days", "cluster_time_window_minutes", "concurrency"]
    {
        assert!(
            problems.iter().any(|p| p.contains(key) && p.contains("out of range")),
            "{key}: {problems:?}"
        );
    }
}

#[test]
fn a_schedule_that_is_no_cron_expression_is_explained_and_an_empty_one_is_allowed() {
    let config = file("[schedule]\nsealing = \"nightly\"\nmaintenance = \"\"\n");
    let error = load::<WorkerConfig>(Some(config.path())).expect_err("must be refused").to_string();
    assert!(error.contains("schedule.sealing") && error.contains("nightly"), "{error}");
    assert!(!error.contains("maintenance"), "{error}");
}

#[test]
fn services_share_a_file_but_a_misspelt_section_is_refused_by_both() {
    let shared =
        file("[api]\nlisten = \"127.0.0.1:7\"\n[worker]\nconcurrency = 2\n[schedule]\nsealing = \"\"\n");
    let worker: WorkerConfig = load(Some(shared.path())).expect("the api's section is known");
    let api: ApiConfig = load(Some(shared.path())).expect("the worker's sections are known");
    assert_eq!((worker.worker.concurrency, api.api.listen.port()), (2, 7));

    let misspelt = file("[wroker]\nconcurrency = 2\n");
    let refusals = [
        load::<WorkerConfig>(Some(misspelt.path())).map(drop),
        load::<ApiConfig>(Some(misspelt.path())).map(drop),
    ];
    for refused in refusals {
        let error = refused.expect_err("must be refused").to_string();
        assert!(error.contains("wroker"), "{error}");
    }
}

#[test]
fn an_open_listener_without_authentication_is_refused() {
    let file = file("[api]\nlisten = \"0.0.0.0:5000\"\n");
    let error = load::<ApiConfig>(Some(file.path())).expect_err("must be refused").to_string();
    assert!(error.contains("no authentication"), "{error}");
}

#[test]
fn limits_and_names_of_the_api_are_judged_by_key() {
    let file = file(
        "[api]\nallowed_hosts = [\"naia.example\", \"https://naia.example\"]\nmax_connections = 0\n\
         allowed_origins = [\"https://naia.example\", \"naia.example\", \"http://naia.example/\"]\n\
         idle_timeout_seconds = 0\nmax_body_memory_mib = 1\ndrain_seconds = 0\n",
    );
    let Err(ConfigError::Invalid(problems)) = load::<ApiConfig>(Some(file.path())) else {
        panic!("must be refused")
    };
    let keys: Vec<_> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
    let expected = [
        "allowed_origins",
        "allowed_origins",
        "allowed_hosts",
        "idle_timeout_seconds",
        "max_connections",
        "max_body_memory_mib",
    ];
    assert_eq!(keys, expected.map(|key| format!("api.{key}")), "{problems:?}");
    assert!(problems[2].contains("'https://naia.example'"), "{problems:?}");
}

#[test]
fn a_dump_masks_passwords_and_can_be_loaded_again() {
    let mut config = WorkerConfig::default();
    config.postgres.url = "postgres://naia:secret@db/naia".into();
    let text = dump(&config);
    assert!(text.contains("postgres://naia:***@db/naia") && !text.contains("secret"), "{text}");
    config.postgres.url = "postgres://db/naia?user=naia&password=secret".into();
    let text = dump(&config);
    assert!(text.contains("user=naia&password=***") && !text.contains("secret"), "{text}");
    let again: WorkerConfig = load(Some(file(&text).path())).expect("a dump is a valid file");
    assert_eq!(again.pattern_engine, config.pattern_engine);
}
