//! `naia up` as a program.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pattern_cli::stack_file::StackFile;
use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

const TIMEOUT: Duration = Duration::from_secs(120);

struct Up {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    ready: String,
}

fn naia(data_dir: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_naia"));
    command.args(["up", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Up {
    async fn start(data_dir: &Path, more: &[&str]) -> Self {
        let mut child = naia(data_dir, more).stderr(Stdio::inherit()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = timeout(TIMEOUT, stdout.next_line()).await.unwrap().unwrap().expect("no ready line");
        Self { child, stdout, ready }
    }

    /// What follows `name=` in the ready line.
    fn address(&self, name: &str) -> String {
        let mut words = self.ready.split(' ');
        assert_eq!(words.next(), Some("ready"), "{}", self.ready);
        words.find_map(|word| word.strip_prefix(&format!("{name}="))).unwrap().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().unwrap() as i32), signal).unwrap();
    }

    /// Waits for its end; answers its exit code and what else it printed to stdout.
    async fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let mut rest = Vec::new();
        while let Some(line) = timeout(TIMEOUT, self.stdout.next_line()).await.unwrap().unwrap() {
            rest.push(line);
        }
        let status = timeout(TIMEOUT, self.child.wait()).await.unwrap().unwrap();
        (status.code(), rest)
    }
}

async fn refused(data_dir: &Path, more: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        timeout(TIMEOUT, naia(data_dir, more).output()).await.unwrap().unwrap();
    assert!(!status.success());
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn up_prints_one_ready_line_serves_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let up = Up::start(folder.path(), &[]).await;
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
    let killed = Up::start(folder.path(), &[]).await;
    let addresses = (killed.address("kafka"), killed.address("postgres"));
    killed.signal(Signal::SIGKILL);
    assert_eq!(killed.ended().await.0, None);

    let again = Up::start(folder.path(), &[]).await;
    assert_eq!((again.address("kafka"), again.address("postgres")), addresses);
    again.signal(Signal::SIGINT);
    assert_eq!(again.ended().await, (Some(0), vec![]));
}

#[tokio::test]
async fn a_stack_runs_with_the_broker_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let up = Up::start(folder.path(), &["--broker", "memory"]).await;
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
    let mut command = Command::new(env!("CARGO_BIN_EXE_naia"));
    command.args(["up", "--listen", &address, "--data-dir"]).arg(folder.path().join("data"));
    let output = timeout(TIMEOUT, command.output()).await.unwrap().unwrap();
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(problem.contains(&address) && problem.contains("--listen"), "{problem}");
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused_without_authentication() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_naia"));
    command.args(["up", "--listen", "0.0.0.0:0", "--broker", "memory", "--data-dir"]).arg(folder.path());
    let output = timeout(TIMEOUT, command.output()).await.unwrap().unwrap();
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(problem.contains("no authentication"), "{problem}");
}
