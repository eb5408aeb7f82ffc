use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit;

/// A token that Ctrl-C and SIGTERM cancel, which lets what runs end. A second one ends the process at once; servers that
/// it started then die with it.
pub fn shutdown_token() -> Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let cancelled = token.clone();
    tokio::spawn(async move {
        for last in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if last {
                exit(130);
            }
            tracing::info!("stopping; once more to stop at once");
            cancelled.cancel();
        }
    });
    Ok(token)
}
