//! Servers that will not have the worker.

use pattern_embedded::testing::{self, TestDatabase};
use std::{
    fs::{self, File},
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::site::{Site, Worker, until};

/// How the worker ends by itself.
async fn ended(arguments: &'static [&'static str], settings: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_naia-pattern-worker"));
    command.args(arguments).env("NAIA_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1");
    command.envs(settings.iter().copied()).env("RUST_LOG", "warn").stdin(Stdio::null());
    let running = tokio::task::spawn_blocking(move || command.output().expect("the worker starts"));
    let output =
        tokio::time::timeout(Duration::from_secs(60), running).await.expect("it ends").expect("output");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[tokio::test]
async fn a_database_that_does_not_exist_ends_the_process_with_a_sentence() {
    let url = format!("{}/nowhere", testing::postgres_url().rsplit_once('/').unwrap().0);
    for arguments in [&[][..], &["--run-migrations"]] {
        let (output, said) = ended(arguments, &[("NAIA_POSTGRES__URL", &url)]).await;
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("database \"nowhere\" does not exist"), "{said}");
    }
}

#[tokio::test]
async fn a_certificate_file_for_kafka_that_is_missing_ends_the_process_with_a_sentence() {
    let site = Site::new().await;
    let settings = [
        ("NAIA_POSTGRES__URL", site.url.as_str()),
        ("NAIA_KAFKA__BOOTSTRAP_SERVERS", &site.kafka.bootstrap),
        ("NAIA_KAFKA__OPTIONS", r#"{"security.protocol" = "SSL", "ssl.ca.location" = "/nowhere/ca.crt"}"#),
    ];
    let (output, said) = ended(&[], &settings).await;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("ssl.ca.location"), "{said}");
}

#[tokio::test]
async fn on_an_empty_database_the_worker_waits_until_it_was_set_up() {
    let empty = TestDatabase::create().await;
    let mut site = Site::new().await;
    site.url = empty.url.clone();
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("log");
    let mut worker = Worker::logging_to(File::create(&log).expect("log"), &site, &[]);
    let store = pattern_store::Store::connect_lazy(&empty.url, 2).unwrap();
    until("the worker says what it waits for", || async {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("--run-migrations"))
    })
    .await;
    assert!(worker.is_running());
    store.migrate().await.unwrap();
    until("the worker has begun", || async {
        store.workers().await.is_ok_and(|workers| !workers.is_empty())
    })
    .await;
}
