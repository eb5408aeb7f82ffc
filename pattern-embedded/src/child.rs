//! Server programs that die with this process, however it dies.

use anyhow::{Context, Result, anyhow};
use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    sys::{prctl, signal},
    unistd::{self, Gid, Pid, Uid},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, LazyLock, mpsc},
    thread,
    time::Duration,
};

use crate::wait::poll;

pub(crate) use signal::Signal;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Whose rights a program gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunAs {
    pub uid: Uid,
    pub gid: Gid,
}

/// How a program is started and ended.
pub(crate) struct Setting {
    pub run_as: Option<RunAs>,
    /// An open file that the program gets too, under the same number.
    pub handed_down: Option<Arc<File>>,
    /// What it gets when this process is gone.
    pub orphaned: Signal,
}

/// Makes `command` a child in its own process group (Ctrl-C is for this process, which then stops
/// its children in order) that gets a signal when this process dies.
#[allow(unsafe_code)]
pub(crate) fn prepare(command: &mut Command, setting: Setting) {
    let Setting { run_as, handed_down, orphaned } = setting;
    let parent = unistd::getpid();
    command.process_group(0).current_dir("/");
    let before_exec = move || {
        if let Some(file) = &handed_down {
            fcntl(file.as_ref(), FcntlArg::F_SETFD(FdFlag::empty()))?;
        }
        if let Some(RunAs { uid, gid }) = run_as {
            unistd::setgroups(&[])?;
            unistd::setgid(gid)?;
            unistd::setuid(uid)?;
        }
        // After setuid: changing the user clears it.
        prctl::set_pdeathsig(orphaned)?;
        if unistd::getppid() != parent {
            return Err(io::Error::from(nix::errno::Errno::ESRCH));
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; the closure makes
    // plain system calls and does not allocate.
    unsafe { command.pre_exec(before_exec) };
}

type Birth = (Command, mpsc::Sender<io::Result<Child>>);

/// The parent-death signal comes when the *thread* that made the child ends. This one never does.
static NURSERY: LazyLock<mpsc::Sender<Birth>> = LazyLock::new(|| {
    let (sender, births) = mpsc::channel::<Birth>();
    thread::Builder::new()
        .name("naia-nursery".into())
        .spawn(move || {
            for (mut command, answer) in births {
                drop(answer.send(command.spawn()));
            }
        })
        .expect("a thread can be started while the process starts");
    sender
});

pub(crate) fn spawn(command: Command) -> Result<Child> {
    let program = command.get_program().to_owned();
    let (answer, born) = mpsc::channel();
    NURSERY.send((command, answer)).map_err(|_| anyhow!("the thread that starts servers is gone"))?;
    let child = born.recv().context("the thread that starts servers is gone")?;
    child.with_context(|| format!("{} could not be started", program.to_string_lossy()))
}

/// A running server with its log file.
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
    log_from: u64,
    last_resort: Signal,
}

impl Server {
    /// `setting.orphaned` is also what it gets when it is dropped instead of stopped.
    pub fn start(name: &'static str, mut command: Command, setting: Setting, log: &Path) -> Result<Self> {
        let last_resort = setting.orphaned;
        prepare(&mut command, setting);
        let file = open_log(log)?;
        let log_from = file.metadata()?.len();
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = spawn(command)?;
        Ok(Self { name, child, log: log.to_owned(), log_from, last_resort })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    pub async fn unexpected_end(&mut self) -> anyhow::Error {
        loop {
            if let Some(status) = self.ended() {
                let (name, log, last_words) = (self.name, self.log.display(), self.last_words());
                return anyhow!(
                    "{name} has ended by itself ({status}); its log {log} ends with:\n{last_words}"
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What it has written since it was started, the last lines only.
    pub fn last_words(&self) -> String {
        let mut text = Vec::new();
        if let Ok(mut file) = File::open(&self.log)
            && file.seek(SeekFrom::Start(self.log_from)).is_ok()
            && file.take(1 << 20).read_to_end(&mut text).is_err()
        {
            text.clear();
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let kept = &lines[lines.len().saturating_sub(12)..];
        if kept.is_empty() { format!("it wrote nothing to {}", self.log.display()) } else { kept.join("\n") }
    }

    /// Asks it to end with each signal in turn, giving it that signal's time.
    pub async fn stop(mut self, ladder: &[(Signal, Duration)]) {
        for &(signal, patience) in ladder {
            send(self.child.id(), signal);
            let child = &mut self.child;
            let ended = poll(patience, || {
                let ended = child.try_wait().ok().flatten();
                async move { ended }
            });
            if ended.await.is_some() {
                return;
            }
            tracing::warn!(server = self.name, ?signal, "did not end in time");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.ended().is_none() {
            send(self.child.id(), self.last_resort);
            drop(self.child.wait());
        }
    }
}

pub(crate) fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        // Fails only when it has ended already, which is what was wanted.
        let _ = signal::kill(Pid::from_raw(pid), signal);
    }
}

fn open_log(path: &Path) -> Result<File> {
    const ENOUGH: u64 = 16 << 20;
    let told = || format!("log file {} cannot be written", path.display());
    if fs::metadata(path).is_ok_and(|m| m.len() > ENOUGH) {
        fs::rename(path, path.with_extension("log.1")).with_context(told)?;
    }
    OpenOptions::new().create(true).append(true).open(path).with_context(told)
}
