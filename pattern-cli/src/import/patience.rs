//! A database that goes away in the middle of an import: it is waited for, and the import goes on where it was.

use anyhow::{Result, bail};
use pattern_bus::Backoff;
use pattern_store::StoreError;
use tokio_util::sync::CancellationToken;

/// Ends the waiting when a person has enough of it.
pub(super) struct Patience {
    pub stop: CancellationToken,
}

impl Patience {
    /// Does it until PostgreSQL was there for it. `attempt` may have succeeded where it seems to have failed, so it
    /// must be one that can be repeated.
    pub async fn persist<T>(
        &self,
        doing: &str,
        mut attempt: impl AsyncFnMut() -> Result<T, StoreError>,
    ) -> Result<T> {
        let mut backoff = Backoff::default();
        let mut is_away = false;
        loop {
            let attempted = tokio::select! {
                attempted = attempt() => attempted,
                () = self.stop.cancelled() => bail!("stopped while {doing}"),
            };
            match attempted {
                Err(StoreError::Unavailable(why)) => {
                    if !is_away {
                        eprintln!(
                            "the database is away while {doing} ({why}); the import waits for it, Ctrl-C ends it"
                        );
                    }
                    is_away = true;
                    backoff.wait(&self.stop).await;
                }
                done => {
                    if is_away {
                        eprintln!("the database is back; the import goes on");
                    }
                    return Ok(done?);
                }
            }
        }
    }
}
