//! `naia` as a program.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

pub const TIMEOUT: Duration = Duration::from_secs(120);

/// A running `naia up`.
pub struct Up {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    pub ready: String,
}

pub fn naia(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_naia"));
    command.args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// A service's program, which is built beside ours.
pub fn service(name: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_naia")).with_file_name(name));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

pub fn naia_up(data_dir: &Path, listen: &str, more: &[&str]) -> Command {
    let mut command = naia(&["up", "--listen", listen, "--data-dir"]);
    command.arg(data_dir).args(more);
    command
}

impl Up {
    pub async fn start(data_dir: &Path, listen: &str, more: &[&str]) -> Self {
        Self::of(naia_up(data_dir, listen, more)).await
    }

    pub async fn of(mut command: Command) -> Self {
        Self::following(command.stderr(Stdio::inherit()).spawn().unwrap()).await
    }

    pub async fn following(mut child: Child) -> Self {
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = timeout(TIMEOUT, stdout.next_line()).await.unwrap().unwrap().expect("no ready line");
        Self { child, stdout, ready }
    }

    /// Reads on until a line begins like this; answers all lines up to it.
    pub async fn until_line(&mut self, beginning: &str, within: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.starts_with(beginning)) {
            let line = timeout(within, self.stdout.next_line()).await.unwrap().unwrap();
            lines.push(line.unwrap_or_else(|| panic!("it ended before '{beginning}': {lines:#?}")));
        }
        lines
    }

    /// What follows `name=` in the ready line.
    pub fn address(&self, name: &str) -> String {
        let mut words = self.ready.split(' ');
        assert_eq!(words.next(), Some("ready"), "{}", self.ready);
        words.find_map(|word| word.strip_prefix(&format!("{name}="))).unwrap().to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().unwrap() as i32), signal).unwrap();
    }

    /// Waits for its end; answers its exit code and what else it printed to stdout.
    pub async fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let mut rest = Vec::new();
        while let Some(line) = timeout(TIMEOUT, self.stdout.next_line()).await.unwrap().unwrap() {
            rest.push(line);
        }
        let status = timeout(TIMEOUT, self.child.wait()).await.unwrap().unwrap();
        (status.code(), rest)
    }
}
