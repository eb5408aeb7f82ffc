//! Tells systemd how the service is, where systemd started it (`Type=notify`).

use sd_notify::NotifyState;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::readiness::{Readiness, State};

/// A service that waits for its servers asks for as much more time as often.
const WAIT_STEP: Duration = Duration::from_secs(10);
const WAIT_FOR: u32 = 60_000_000;

/// Says what `readiness` says, and that the process lives, until the process ends. It runs beside all other work, so that
/// a process whose threads stand still says nothing, and systemd ends it.
pub fn start(readiness: Readiness, shutdown: CancellationToken) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    if let Some(within) = sd_notify::watchdog_enabled() {
        tokio::spawn(async move {
            loop {
                tell(&[NotifyState::Watchdog]);
                tokio::time::sleep(within / 3).await;
            }
        });
    }
    tokio::spawn(async move {
        let mut states = readiness.follow();
        let mut was_ready = false;
        loop {
            let state = states.borrow_and_update().clone();
            // A status is one line.
            let status = state.to_string().replace('\n', "; ");
            match state {
                State::Ready { .. } if !was_ready => {
                    was_ready = true;
                    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
                }
                State::Waiting(_) if !was_ready => {
                    tell(&[NotifyState::ExtendTimeoutUsec(WAIT_FOR), NotifyState::Status(&status)]);
                }
                _ => tell(&[NotifyState::Status(&status)]),
            }
            tokio::select! {
                _ = states.changed() => {}
                () = tokio::time::sleep(WAIT_STEP), if !was_ready => {}
                () = shutdown.cancelled() => break,
            }
        }
        readiness.set(State::Stopping);
        tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    });
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}
