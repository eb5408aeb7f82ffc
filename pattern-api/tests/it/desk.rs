//! The page in a real browser, on a real API and database. The scripts are beside the browser's driver; what they
//! cannot do themselves, such as scoring everything anew, they order here.

use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::{
    pumps::{PARTS, happen, propose, score, unname},
    rest::Api,
};

/// Of one step; generous, since only a failure takes so long.
const STEP: Duration = Duration::from_secs(120);

/// Runs a script with so many pumps pending.
async fn browse(script: &str, pumps: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(folder.join("node_modules").exists(), "the browser's driver is missing: run `make setup-test`");
    let api = Api::serve_empty(crate::live::NO_BROKER).await;
    let names: Vec<String> = (0..pumps).map(|i| format!("P-{}", 101 + i)).collect();
    propose(&api.store, &names, 0.9).await;
    let mut browser = Command::new("node")
        .arg(format!("desk/{script}.mjs"))
        .current_dir(folder)
        .env("BASE_URL", &api.base)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node");
    let mut said = BufReader::new(browser.stdout.take().expect("stdout")).lines();
    let mut answers = browser.stdin.take().expect("stdin");
    let mut last = String::new();
    while let Some(line) = timeout(STEP, said.next_line()).await.expect("it stands still").expect("stdout") {
        println!("{line}");
        if let Some(order) = line.strip_prefix("! ") {
            obey(&api, order).await;
            answers.write_all(b"done\n").await.expect("stdin");
        }
        last = line;
    }
    assert!(browser.wait().await.expect("node").success());
    assert_eq!(last, "passed");
}

async fn obey(api: &Api, order: &str) {
    match order.split_once(' ') {
        Some(("score", confidence)) => {
            score(&api.store, confidence.parse().expect("confidence"), &PARTS).await
        }
        Some(("without-flow", confidence)) => {
            score(&api.store, confidence.parse().expect("confidence"), &PARTS[..2]).await;
        }
        None if order == "unnamed" => unname(&api.store).await,
        None if order == "episode" => happen(&api.store).await,
        _ => panic!("nobody knows how to {order}"),
    }
}

#[tokio::test]
async fn letters_in_a_field_are_no_commands_and_enter_leaves_it() {
    browse("fields", 3).await;
}

#[tokio::test]
async fn a_key_decides_only_what_is_in_the_list_loaded_and_shown() {
    browse("keys", 6).await;
}

#[tokio::test]
async fn the_server_finds_by_tag_and_the_address_keeps_what_one_looks_for() {
    browse("find", 30).await;
}

#[tokio::test]
async fn a_list_of_thousands_is_there_from_end_to_end() {
    browse("many", 3_000).await;
}

#[tokio::test]
async fn undo_goes_back_through_ones_own_decisions_of_any_kind() {
    browse("undo", 6).await;
}

#[tokio::test]
async fn on_a_phone_the_activity_shows_no_suggestion() {
    browse("phone", 3).await;
}

#[tokio::test]
async fn an_unsent_edit_is_never_shown_as_the_record() {
    browse("record", 3).await;
}

#[tokio::test]
async fn new_scores_are_no_conflict_and_what_was_typed_is_kept() {
    browse("scores", 4).await;
}

#[tokio::test]
async fn nobody_decides_without_a_name() {
    browse("name", 3).await;
}

#[tokio::test]
async fn the_next_two_are_read_before_they_are_needed() {
    browse("ahead", 6).await;
}

#[tokio::test]
async fn the_page_can_be_read_by_everybody() {
    browse("legible", 3).await;
}

#[tokio::test]
async fn a_kind_that_the_library_lacks_is_named_before_it_is_approved() {
    browse("new-kind", 3).await;
}

#[tokio::test]
async fn where_no_name_is_known_the_reviewer_gives_one() {
    browse("unnamed", 1).await;
}

#[tokio::test]
async fn a_name_that_is_taken_and_a_decision_that_failed_are_said_and_keys_come_back() {
    browse("taken", 4).await;
}

#[tokio::test]
async fn what_happened_is_shown_in_its_order_and_gets_a_name() {
    browse("episode", 4).await;
}
