//! `naia up` as a program.

use nix::sys::signal::Signal;
use pattern_cli::stack_file::StackFile;
use std::{path::Path, process::Output};
use tokio::time::timeout;

use crate::program::{TIMEOUT, Up, naia_up};

const ANY_PORT: &str = "127.0.0.1:0";

async fn refused(data_dir: &Path, more: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        timeout(TIMEOUT, naia_up(data_dir, ANY_PORT, more).output()).await.unwrap().unwrap();
    assert!(!status.success());
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
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
    assert_eq!((written.api, written.kafka, written.postgres), (api, kafka, postgres));

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
async fn an_address_that_others_can_reach_is_refused_without_authentication() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = naia_up(folder.path(), "0.0.0.0:0", &["--broker", "memory"]);
    let output = timeout(TIMEOUT, command.output()).await.unwrap().unwrap();
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(problem.contains("no authentication"), "{problem}");
}
