//! The whole round, from an empty folder to the event that everybody sees.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tokio::time::timeout;

use crate::program::{Up, naia};

const ROUND: Duration = Duration::from_secs(600);

#[tokio::test]
async fn the_demo_does_the_whole_round_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = naia(&["demo", "--once", "--data-dir"]);
    let output = timeout(ROUND, demo.arg(folder.path()).output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    for fact in ["all 8 steps happened", "demo approved", "both saw", "SuggestionApproved", "confidence of"] {
        assert!(said.contains(fact), "'{fact}' is missing in:\n{said}");
    }
}

#[tokio::test]
async fn a_round_that_can_not_happen_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo =
        naia(&["demo", "--once", "--postgres", "postgres://nobody@127.0.0.1:1/none", "--data-dir"]);
    let output = timeout(ROUND, demo.arg(folder.path()).output()).await.unwrap().unwrap();
    assert!(!output.status.success());
}

/// Starts the interactive demo; answers it, and what it said until it left the deciding to a person.
async fn demo_that_waits(data_dir: &Path) -> (Up, Vec<String>) {
    let mut demo = naia(&["demo", "--listen", "127.0.0.1:0", "--broker", "memory", "--data-dir"]);
    demo.arg(data_dir);
    let mut demo = Up::of(demo).await;
    let said = demo.until_line("Open ", ROUND).await;
    (demo, said)
}

#[tokio::test]
async fn the_demo_starts_again_when_everything_is_decided() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, said) = demo_that_waits(folder.path()).await;
    let page = said.iter().find_map(|line| line.trim().strip_prefix("the page: ")).unwrap();
    let client = reqwest::Client::new();
    let pending = format!("{page}/api/suggestions?status=pending&limit=200");
    let pending: Value = client.get(pending).send().await.unwrap().json().await.unwrap();
    for suggestion in pending["items"].as_array().unwrap() {
        let url = format!("{page}/api/suggestions/{}/defer", suggestion["id"].as_str().unwrap());
        let later = json!({ "version": suggestion["version"], "until": "2099-01-01T00:00:00Z" });
        assert!(client.post(url).json(&later).send().await.unwrap().status().is_success());
    }
    demo.signal(Signal::SIGINT);
    assert_eq!(demo.ended().await.0, Some(0));

    let (demo, said) = demo_that_waits(folder.path()).await;
    assert!(said.iter().any(|line| line.trim() == "0 suggestions are pending"), "{said:#?}");
    demo.signal(Signal::SIGINT);
    assert_eq!(demo.ended().await.0, Some(0));
}
