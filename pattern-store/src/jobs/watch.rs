use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt::Attempt;
use crate::{Result, Store, metrics};

/// The attempts that this process works on.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashMap<Uuid, (i32, CancellationToken)>>);

impl Running {
    /// Stops an older attempt at the same run: it was taken over by this one.
    pub fn enter(&self, attempt: &Attempt, stop: CancellationToken) {
        if let Some((_, older)) = self.lock().insert(attempt.run_id, (attempt.number, stop)) {
            older.cancel();
        }
    }

    pub fn leave(&self, attempt: &Attempt) {
        let mut running = self.lock();
        if running.get(&attempt.run_id).is_some_and(|(number, _)| *number == attempt.number) {
            running.remove(&attempt.run_id);
        }
    }

    /// Stops what was cancelled, and what another worker has taken over.
    pub async fn look(&self, store: &Store) -> Result<()> {
        let (ids, attempts): (Vec<Uuid>, Vec<i32>) =
            self.lock().iter().map(|(id, (number, _))| (*id, *number)).unzip();
        if ids.is_empty() {
            return Ok(());
        }
        let current = sqlx::query_scalar!(
            r#"select r.id from job_runs r
               join unnest($1::uuid[], $2::integer[]) as mine(id, attempt)
                 on r.id = mine.id and r.attempts = mine.attempt
               where r.status = 'running' and not r.cancel_requested"#,
            &ids,
            &attempts,
        )
        .fetch_all(store.pool())
        .await?;
        let running = self.lock();
        for (id, number) in ids.iter().zip(&attempts) {
            match running.get(id) {
                Some((now, stop)) if now == number && !current.contains(id) => stop.cancel(),
                _ => {}
            }
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, (i32, CancellationToken)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Says that the worker is there.
    pub(super) async fn worker_seen(&self, id: &str, hostname: &str, capabilities: &[String]) -> Result<()> {
        // A worker with a wrong clock takes fewer jobs, from its first look on.
        self.database_time().await?;
        sqlx::query!(
            "insert into workers (id, hostname, pid, version, capabilities, clock_ahead_seconds)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (id) do update set hostname = excluded.hostname, pid = excluded.pid,
                 version = excluded.version, capabilities = excluded.capabilities, last_seen = now(),
                 clock_ahead_seconds = excluded.clock_ahead_seconds, stopped_at = null,
                 started_at = case when workers.pid = excluded.pid and workers.stopped_at is null
                              then workers.started_at else now() end",
            id,
            hostname,
            std::process::id() as i32,
            env!("CARGO_PKG_VERSION"),
            capabilities,
            self.clock_ahead_seconds(),
        )
        .execute(self.pool())
        .await?;
        metrics::heartbeat();
        Ok(())
    }

    pub(super) async fn worker_stopped(&self, id: &str) -> Result<()> {
        sqlx::query!(
            "update workers set stopped_at = now() where id = $1 and pid = $2",
            id,
            std::process::id() as i32
        )
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
