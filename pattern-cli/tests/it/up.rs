//! `naia up` as a program.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pattern_cli::stack_file::StackFile;
use pattern_embedded::{EmbeddedPostgres, PostgresUse, testing};
use serde_json::Value;
use std::{fs::File, path::Path, process::Output};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time::timeout,
};

use crate::program::{TIMEOUT, Up, naia, naia_up};

const ANY_PORT: &str = "127.0.0.1:0";

async fn refused(data_dir: &Path, more: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        timeout(TIMEOUT, naia_up(data_dir, ANY_PORT, more).output()).await.unwrap().unwrap();
    assert!(!status.success());
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

/// Of all processes, as every user of the machine can read them.
fn command_lines() -> impl Iterator<Item = (String, String)> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| {
        let arguments = std::fs::read(process.path().join("cmdline")).ok()?;
        Some((process.file_name().into_string().ok()?, String::from_utf8_lossy(&arguments).into_owned()))
    })
}

#[tokio::test]
async fn up_prints_one_ready_line_serves_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let up = Up::start(folder.path(), ANY_PORT, &[]).await;
    let (api, kafka, postgres) = (up.address("api"), up.address("kafka"), up.address("postgres"));
    assert_eq!(up.ready, format!("ready api={api} kafka={kafka} postgres={postgres}"));
    let answer = reqwest::get(format!("{api}/health/ready")).await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    let written = StackFile::read(folder.path()).unwrap().unwrap();
    assert_eq!((written.api, written.kafka), (api, kafka));
    let password = std::fs::read_to_string(folder.path().join("postgres.password")).unwrap();
    assert_eq!(written.postgres.replace(password.trim(), "***"), postgres, "the password is not shown");
    for (process, arguments) in command_lines() {
        assert!(!arguments.contains(password.trim()), "process {process} shows the password: {arguments}");
    }

    let second = refused(folder.path(), &[]).await;
    assert!(second.contains("in use by another naia"), "{second}");

    up.signal(Signal::SIGTERM);
    assert_eq!(up.ended().await, (Some(0), vec![]));
    assert_eq!(StackFile::read(folder.path()).unwrap(), None);
}

#[tokio::test]
async fn a_stack_that_was_killed_starts_again_at_the_same_servers_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let killed = Up::start(folder.path(), ANY_PORT, &[]).await;
    let addresses = (killed.address("kafka"), killed.address("postgres"));
    killed.signal(Signal::SIGKILL);
    assert_eq!(killed.ended().await.0, None);

    let again = Up::start(folder.path(), ANY_PORT, &[]).await;
    assert_eq!((again.address("kafka"), again.address("postgres")), addresses);
    again.signal(Signal::SIGINT);
    assert_eq!(again.ended().await, (Some(0), vec![]));
}

#[tokio::test]
async fn a_stack_runs_with_the_broker_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let up = Up::start(folder.path(), ANY_PORT, &["--broker", "memory"]).await;
    let answer = reqwest::get(format!("{}/health/ready", up.address("api"))).await.unwrap();
    assert!(answer.status().is_success());
    up.signal(Signal::SIGTERM);
    assert_eq!(up.ended().await, (Some(0), vec![]));
}

#[tokio::test]
async fn an_address_in_use_is_named_before_anything_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = naia_up(&folder.path().join("data"), &address, &[]);
    let output = timeout(TIMEOUT, command.output()).await.unwrap().unwrap();
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(problem.contains(&address) && problem.contains("--listen"), "{problem}");
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused_before_anything_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = naia_up(&folder.path().join("data"), "0.0.0.0:0", &["--broker", "memory"]);
    let output = timeout(TIMEOUT, command.output()).await.unwrap().unwrap();
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(problem.contains("no authentication"), "{problem}");
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn a_stack_logs_json_lines_where_it_is_told_to_and_no_colours_where_nobody_sees_them() {
    for (format, is_json) in [("json", true), ("text", false)] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = naia_up(folder.path(), ANY_PORT, &["--broker", "memory"]);
        let errors = folder.path().join("errors");
        command.env("NAIA_LOG__FORMAT", format).stderr(File::create(&errors).unwrap());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        timeout(TIMEOUT, stdout.next_line()).await.unwrap().unwrap().expect("no ready line");
        kill(Pid::from_raw(child.id().unwrap() as i32), Signal::SIGTERM).unwrap();
        timeout(TIMEOUT, child.wait()).await.unwrap().unwrap();
        let log = std::fs::read_to_string(&errors).unwrap();
        assert!(log.contains("serving; Ctrl-C stops") && !log.contains('\u{1b}'), "{log}");
        assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok() == is_json), "{log}");
    }
}

#[tokio::test]
async fn variables_of_the_worker_and_of_the_api_configure_one_stack() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = naia_up(folder.path(), ANY_PORT, &["--broker", "memory"]);
    command.env("WORKER_ID", "1").env("NAIA_WORKER__CONCURRENCY", "2");
    command.env("NAIA_API__ALLOWED_ORIGINS", "[\"http://plant.example\"]");
    let up = Up::of(command).await;
    let workers = format!("{}/api/workers", up.address("api"));
    testing::until("the worker is known by its id", || async {
        let workers: Value = reqwest::get(&workers).await.unwrap().json().await.unwrap();
        workers["items"].as_array().unwrap().iter().any(|worker| worker["id"] == "1")
    })
    .await;
    up.signal(Signal::SIGTERM);
    assert_eq!(up.ended().await, (Some(0), vec![]));
}

#[tokio::test]
async fn a_stack_that_was_killed_while_it_made_its_postgres_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = naia_up(folder.path(), ANY_PORT, &["--broker", "memory"]).spawn().unwrap();
    let begun = folder.path().join("postgres/PG_VERSION");
    testing::until("initdb has begun", || async { begun.exists() }).await;
    first.kill().await.unwrap();

    let again = Up::start(folder.path(), ANY_PORT, &["--broker", "memory"]).await;
    again.signal(Signal::SIGTERM);
    assert_eq!(again.ended().await, (Some(0), vec![]));
}

#[tokio::test]
async fn a_private_postgres_that_ends_takes_the_stack_along_and_is_named_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = naia_up(folder.path(), ANY_PORT, &["--broker", "memory"]);
    let errors = folder.path().join("errors");
    let mut child = command.stderr(File::create(&errors).unwrap()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    timeout(TIMEOUT, stdout.next_line()).await.unwrap().unwrap().expect("no ready line");

    let pid_file = std::fs::read_to_string(folder.path().join("postgres/postmaster.pid")).unwrap();
    let postmaster = pid_file.lines().next().unwrap().parse().unwrap();
    kill(Pid::from_raw(postmaster), Signal::SIGQUIT).unwrap();
    let status = timeout(TIMEOUT, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1));
    let problem = std::fs::read_to_string(&errors).unwrap();
    assert!(
        problem.contains("postgres has ended by itself") && problem.contains("postgres.log"),
        "{problem}"
    );
}

#[tokio::test]
async fn status_tells_what_is_down_and_fails() {
    let server = testing::private_folder("status");
    let postgres = EmbeddedPostgres::start(&server, PostgresUse::Tests).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = postgres.url();
    let up = Up::start(folder.path(), ANY_PORT, &["--broker", "memory", "--postgres", &url]).await;
    postgres.stop().await;

    let mut status = naia(&["status", "--data-dir"]);
    let output = timeout(TIMEOUT, status.arg(folder.path()).output()).await.unwrap().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains(&up.address("api")) && told.contains("\npostgres "), "{told}");
    up.signal(Signal::SIGTERM);
    up.ended().await;
}
