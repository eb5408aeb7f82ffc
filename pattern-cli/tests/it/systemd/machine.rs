use pattern_embedded::testing::until;
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Child,
    time::timeout,
};

use super::as_root;
use crate::program::TIMEOUT;

/// A systemd with nothing of ours but what it was given. It ends with this value, or with the test program.
pub struct Machine {
    init: String,
    _boot: Child,
}

pub struct Said {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Machine {
    /// `layer`: files that it has besides those of this machine.
    pub async fn boot(layer: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/systemd/boot.sh");
        let mut command = as_root("bash");
        command.arg(script).arg(layer).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut boot = command.spawn().expect("bash, as root or with sudo");
        let mut lines = BufReader::new(boot.stdout.take().unwrap()).lines();
        let first = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap();
        let machine = Self { init: first.expect("it boots: these tests need root"), _boot: boot };
        until("systemd has started", || async {
            machine.says("systemctl is-system-running").await.stdout.trim() == "running"
        })
        .await;
        machine
    }

    /// What a shell on it says.
    pub async fn says(&self, script: &str) -> Said {
        self.says_to(script, "").await
    }

    async fn says_to(&self, script: &str, input: &str) -> Said {
        let mut command = as_root("nsenter");
        command.args(["--target", &self.init, "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--"]);
        command.args(["env", "-i", "-C", "/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Not everything reads what it is given.
        drop(stdin.write_all(input.as_bytes()).await);
        drop(stdin);
        let output = timeout(TIMEOUT, child.wait_with_output()).await.expect(script).unwrap();
        Said {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Answers what it printed; fails with the log of our units where it fails.
    pub async fn does(&self, script: &str) -> String {
        let said = self.says(script).await;
        if !said.success {
            let log = self.says("journalctl --no-pager --lines 80 --unit 'naia-*'").await.stdout;
            panic!("{script}\n{}{}\n{log}", said.stdout, said.stderr);
        }
        said.stdout
    }

    pub async fn write(&self, path: &str, text: &str) {
        let written = self.says_to(&format!("mkdir -p $(dirname {path}) && cat >{path}"), text).await;
        assert!(written.success, "{path}: {}", written.stderr);
    }

    /// What systemd knows of a unit.
    pub async fn property(&self, unit: &str, name: &str) -> String {
        self.does(&format!("systemctl show --value --property {name} {unit}")).await.trim().to_owned()
    }
}
