//! A parent that is killed takes its servers along.

use pattern_embedded::poll;
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

/// (pid, name) of the living children of a process.
fn children_of(parent: u32) -> Vec<(u32, String)> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| look(pid).filter(|p| p.parent == parent).map(|p| (pid, p.name))).collect()
}

struct Process {
    name: String,
    parent: u32,
}

/// `None` for one that is gone or only waits to be collected.
fn look(pid: u32) -> Option<Process> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if field("State:")?.starts_with('Z') {
        return None;
    }
    Some(Process { name: field("Name:")?.to_owned(), parent: field("PPid:")?.parse().ok()? })
}

#[tokio::test]
async fn kill_9_of_the_parent_leaves_no_postgres_and_no_java_behind() {
    let mut parent = Command::new(env!("CARGO_BIN_EXE_with-test-servers"))
        .args(["sh", "-c", "echo serving; read line"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "serving\n");
    let servers: Vec<_> = children_of(parent.id())
        .into_iter()
        .filter(|(_, name)| name == "postgres" || name == "java")
        .collect();
    assert_eq!(servers.len(), 2, "{servers:?}");
    let workers: Vec<_> = servers.iter().flat_map(|(pid, _)| children_of(*pid)).collect();
    assert!(!workers.is_empty());

    parent.kill().unwrap();
    parent.wait().unwrap();

    let everybody = || servers.iter().chain(&workers);
    let gone = poll(Duration::from_secs(30), || {
        let left = everybody().filter(|(pid, name)| look(*pid).is_some_and(|p| p.name == *name)).count();
        async move { (left == 0).then_some(()) }
    });
    assert!(gone.await.is_some(), "still running: {:?}", everybody().collect::<Vec<_>>());
}
