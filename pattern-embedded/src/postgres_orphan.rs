use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    child::{Signal, send},
    wait::poll,
};

/// A server whose parent was killed may need a moment to go; a pid file may also outlive its
/// process and name another one by now, which PostgreSQL itself would take for a running server.
pub(crate) async fn end_orphan(cluster: &Path) -> Result<()> {
    let pid_file = cluster.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&pid_file) else { return Ok(()) };
    let pid = text.lines().next().and_then(|line| line.trim().parse::<u32>().ok()).filter(|pid| *pid > 1);
    if let Some(pid) = pid
        && serves(pid, cluster)
    {
        tracing::info!(pid, "an earlier postgres still runs on this data, ending it");
        for signal in [None, Some(Signal::SIGINT), Some(Signal::SIGQUIT)] {
            if let Some(signal) = signal {
                send(pid, signal);
            }
            let gone = || {
                let gone = (!serves(pid, cluster)).then_some(());
                async move { gone }
            };
            if poll(Duration::from_secs(10), gone).await.is_some() {
                break;
            }
        }
        if serves(pid, cluster) {
            bail!(
                "an earlier postgres (process {pid}) still runs on {} and does not end: end it first",
                cluster.display()
            );
        }
    }
    match fs::remove_file(&pid_file) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("stale {} cannot be removed", pid_file.display()))
        }
        _ => Ok(()),
    }
}

/// Whether the process is a postgres that runs on this cluster.
fn serves(pid: u32, cluster: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let is_postgres =
        fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim().starts_with("postgres"));
    is_postgres && fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == cluster)
}
