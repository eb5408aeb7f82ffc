use anyhow::{Context, Result, bail};
use nix::unistd::{self, Gid, Uid, User};
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};
use uuid::Uuid;

use crate::{
    child::{self, RunAs, Server, Setting, Signal},
    postgres_programs::PostgresPrograms,
};

/// What the cluster is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostgresUse {
    /// Keeps its data through a power cut; other users of this machine need the password.
    Stack,
    /// Thrown away afterwards: no password, nothing is forced to disk.
    Tests,
}

pub(crate) const USER: &str = "naia";

/// The folder of a cluster and the user that runs it.
pub(crate) struct Cluster {
    path: PathBuf,
    run_as: Option<RunAs>,
    folder: Arc<File>,
}

impl Cluster {
    /// Of a cluster whose making was cut off nothing is left.
    pub fn open(path: PathBuf) -> Result<Self> {
        if being_made(&path).exists() {
            remove_contents(&path)?;
        }
        let run_as = choose_user(&path)?;
        let folder = File::open(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(Self { path, run_as, folder: Arc::new(folder) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn exists(&self) -> bool {
        self.path.join("PG_VERSION").exists()
    }

    /// How the programs name it. Another user may have no way through the directories above it
    /// (`/root`, a private temporary folder), so that user is handed the open folder itself.
    fn argument(&self) -> PathBuf {
        match self.run_as {
            Some(_) => PathBuf::from(format!("/proc/self/fd/{}", self.folder.as_raw_fd())),
            None => self.path.clone(),
        }
    }

    fn setting(&self, orphaned: Signal) -> Setting {
        Setting { run_as: self.run_as, handed_down: Some(self.folder.clone()), orphaned }
    }

    pub async fn create(
        &self,
        programs: &PostgresPrograms,
        used_for: PostgresUse,
        password_file: &Path,
    ) -> Result<()> {
        let mark = being_made(&self.path);
        fs::write(&mark, "").with_context(|| format!("{} cannot be written", mark.display()))?;
        remove_contents(&self.path)?;
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o700))?;
        let mut initdb = programs.command("initdb");
        initdb.arg("-D").arg(self.argument());
        initdb.args(["-U", USER, "--encoding=UTF8", "--locale=C.UTF-8"]);
        match used_for {
            PostgresUse::Tests => {
                initdb.args(["--auth=trust", "--no-sync"]).stdin(Stdio::null());
            }
            PostgresUse::Stack => {
                // Opened again through /dev/stdin by the other user, who must own it for that.
                let password = write_password(password_file, self.run_as)?;
                initdb.args(["--auth=scram-sha-256", "--pwfile=/dev/stdin"]).stdin(password);
            }
        }
        child::prepare(&mut initdb, self.setting(Signal::SIGKILL));
        let outcome =
            tokio::task::spawn_blocking(move || initdb.output()).await.context("initdb was cut off")?;
        let made = outcome
            .with_context(|| format!("{} could not be started", programs.folder.join("initdb").display()))?;
        if !made.status.success() {
            bail!("initdb failed ({}):\n{}", made.status, String::from_utf8_lossy(&made.stderr).trim());
        }
        fs::remove_file(&mark).with_context(|| format!("{} cannot be removed", mark.display()))
    }

    pub fn serve(
        &self,
        programs: &PostgresPrograms,
        used_for: PostgresUse,
        port: u16,
        log: &Path,
    ) -> Result<Server> {
        let mut postgres = programs.command("postgres");
        postgres.arg("-D").arg(self.argument()).args(["-p", &port.to_string()]);
        let common = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=128MB",
            "max_wal_size=2GB",
            "jit=off",
            "log_min_messages=warning",
        ];
        let careless = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"];
        for setting in common.iter().chain(careless.iter().filter(|_| used_for == PostgresUse::Tests)) {
            postgres.args(["-c", setting]);
        }
        // SIGQUIT ends it and its workers at once; it replays its log at the next start.
        Server::start("postgres", postgres, self.setting(Signal::SIGQUIT), log)
    }
}

/// PostgreSQL refuses to run as root. An existing cluster keeps its owner.
fn choose_user(cluster: &Path) -> Result<Option<RunAs>> {
    let me = Uid::effective();
    let owner = fs::metadata(cluster)?;
    if !me.is_root() {
        if owner.uid() != me.as_raw() {
            bail!(
                "the folder {} belongs to another user: choose another one with --data-dir",
                cluster.display()
            );
        }
        return Ok(None);
    }
    let run_as = if owner.uid() != 0 {
        RunAs { uid: Uid::from_raw(owner.uid()), gid: Gid::from_raw(owner.gid()) }
    } else {
        let find = |name| User::from_name(name).ok().flatten();
        let user = find("postgres").or_else(|| find("nobody"));
        let user = user
            .context("postgres cannot run as root and there is neither a user postgres nor a user nobody")?;
        RunAs { uid: user.uid, gid: user.gid }
    };
    unistd::chown(cluster, Some(run_as.uid), Some(run_as.gid))
        .with_context(|| format!("{} cannot be given to the user that runs postgres", cluster.display()))?;
    Ok(Some(run_as))
}

/// This file is there from before initdb begins until it has done everything. What is in the folder
/// does not tell: PG_VERSION is among the first things that initdb writes.
fn being_made(cluster: &Path) -> PathBuf {
    cluster.with_extension("making")
}

/// What an interrupted initdb left. A server that it had started ends a moment later than it, and clears up
/// after itself meanwhile.
fn remove_contents(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} cannot be removed", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn write_password(path: &Path, run_as: Option<RunAs>) -> Result<File> {
    let told = || format!("{} cannot be written", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(told)?;
    writeln!(file, "{}", Uuid::new_v4().simple()).with_context(told)?;
    if let Some(RunAs { uid, gid }) = run_as {
        unistd::chown(path, Some(uid), Some(gid)).with_context(told)?;
    }
    File::open(path).with_context(told)
}
