use std::{path::Path, process::Command};

/// What the command said.
pub struct Answer {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `naia` in a folder.
pub fn naia(in_folder: &Path, arguments: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_naia"))
        .current_dir(in_folder)
        .args(arguments)
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("naia can be started");
    Answer {
        success: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
