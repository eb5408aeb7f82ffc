//! What is installed, under a systemd of its own: the real one of this machine, in namespaces. It needs root.

mod install;
mod machine;
mod package;
mod services;
mod units;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
};
use tokio::process::Command;

use machine::Machine;

/// `sudo` where somebody else than root runs the tests.
fn as_root(program: &str) -> Command {
    if nix::unistd::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg("-n").arg(program);
    command
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The environment in which the scripts find what these tests were built with: a release takes minutes more, and differs
/// in nothing that is looked at here.
fn build() -> [(&'static str, OsString); 2] {
    let programs = Path::new(env!("CARGO_BIN_EXE_naia")).parent().unwrap();
    let profile = if programs.ends_with("debug") { "dev" } else { "release" };
    [("PROFILE", profile.into()), ("CARGO_TARGET_DIR", programs.parent().unwrap().into())]
}

/// A folder of this test program, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a script of the project, or make; fails with what it printed.
fn run(program: &str, arguments: &[&str], variables: &[(&str, &Path)]) {
    let mut command = std::process::Command::new(program);
    command.args(arguments).envs(build()).envs(variables.iter().copied());
    // What the make that runs the tests was told is not meant for this one.
    command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL").current_dir(project()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&told));
}

/// What `make install` installs, made once.
fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let root = scratch("installed");
        run("make", &["install", "PREFIX=/usr"], &[("DESTDIR", &root)]);
        root
    })
}
