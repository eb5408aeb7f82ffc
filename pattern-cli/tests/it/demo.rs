//! The whole round, from an empty folder to the event that everybody sees.

use std::time::Duration;
use tokio::time::timeout;

use crate::program::naia;

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
