//! The page in a real browser, against the real stack.

use nix::sys::signal::Signal;
use pattern_core::domain::{JobRun, RunStatus};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::program::{TIMEOUT, Up, naia};

const FLYWHEEL: Duration = Duration::from_secs(300);

fn browser_tests() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pattern-api/tests/browser");
    assert!(folder.join("node_modules").exists(), "the browser's driver is missing: run `make setup-test`");
    folder
}

async fn run(mut command: Command) -> String {
    let output = timeout(FLYWHEEL, command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[derive(Deserialize)]
struct Runs {
    items: Vec<JobRun>,
}

/// Imports the sample plant and waits until its suggestions are there: the import has set that off.
async fn fill(up: &Up, scratch: &Path, data_dir: &Path) {
    let plant = scratch.join("plant").display().to_string();
    run(naia(&["sample-plant", &plant])).await;
    let mut import = naia(&["import", &plant, "--data-source", "plant", "--data-dir"]);
    import.arg(data_dir);
    let said = run(import).await;
    let api = up.address("api");
    assert!(said.contains(&format!("see {api}/?source=plant")), "{said}");
    assert!(!said.contains("warning: no worker"), "{said}");

    let (url, client) = (format!("{api}/api/jobs/runs?job=flywheel"), reqwest::Client::new());
    let ended = pattern_embedded::poll(FLYWHEEL, || async {
        let Runs { mut items } = client.get(&url).send().await.unwrap().json().await.unwrap();
        items.retain(|run| run.triggered_by == "import");
        let has_ended = |run: &JobRun| !matches!(run.status, RunStatus::Queued | RunStatus::Running);
        items.iter().all(has_ended).then_some(items)
    });
    let runs = ended.await.expect("the flywheel takes too long");
    assert_eq!(runs.iter().map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Succeeded], "{runs:?}");
}

#[tokio::test]
async fn the_logic_of_the_page_holds_without_a_browser() {
    let mut node = Command::new("node");
    let output = node.arg("--test").current_dir(browser_tests()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn two_visitors_decide_race_and_outlive_a_restart() {
    let _quiet = crate::QUIET.lock().await;
    let scratch = tempfile::tempdir().unwrap();
    let data_dir = scratch.path().join("data");
    let mut up = Up::start(&data_dir, "127.0.0.1:0", &[]).await;
    fill(&up, scratch.path(), &data_dir).await;
    let api = up.address("api");
    let listen = api.strip_prefix("http://").unwrap();

    let mut browser = Command::new("node")
        .arg("feed.mjs")
        .current_dir(browser_tests())
        .env("BASE_URL", &api)
        .env("RESTART", "1")
        .env("WAIT_MS", "100000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(browser.stdout.take().unwrap()).lines();
    let mut orders = browser.stdin.take().unwrap();
    let mut last = String::new();
    while let Some(line) = timeout(TIMEOUT, said.next_line()).await.unwrap().unwrap() {
        if line == "restart now" {
            up.signal(Signal::SIGTERM);
            assert_eq!(up.ended().await.0, Some(0));
            up = Up::start(&data_dir, listen, &[]).await;
            orders.write_all(b"restarted\n").await.unwrap();
        }
        println!("{line}");
        last = line;
    }
    assert!(browser.wait().await.unwrap().success());
    assert_eq!(last, "passed");
    up.signal(Signal::SIGTERM);
    assert_eq!(up.ended().await.0, Some(0));
}
