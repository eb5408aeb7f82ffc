//! Whether PostgreSQL has connections enough for everybody who may want some.

use sqlx::{Connection, PgConnection};
use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

use crate::{Result, Store, jobs::hostname, metrics};

/// Every store listens for two things, outside of its pool.
const LISTENERS: i64 = 2;
const LOOK_EVERY: Duration = Duration::from_secs(15);
const TOO_MANY_CONNECTIONS: &str = "53300";

/// Tells a pool's connections apart, and how many it may open: `naia 4711.1@host pool 20`.
pub(crate) fn application_name(max_connections: u32) -> String {
    static POOLS: AtomicU32 = AtomicU32::new(1);
    let number = POOLS.fetch_add(1, Ordering::Relaxed);
    // PostgreSQL cuts names at 63 bytes; the pool's size must not be lost.
    let host: String = hostname().chars().filter(char::is_ascii_graphic).take(24).collect();
    format!("naia {}.{number}@{host} pool {max_connections}", std::process::id())
}

/// What a pool may take, by its application name.
fn wanted_by(application: &str) -> Option<i64> {
    let (process, pool) = application.strip_prefix("naia ")?.split_once(" pool ")?;
    (!process.is_empty()).then(|| pool.parse().ok()).flatten()
}

/// The arithmetic of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ConnectionBudget {
    /// For everybody who is no superuser.
    allowed: i64,
    /// Each pool of ours by its name, this one's first, with what it may take.
    pools: Vec<(String, i64)>,
    /// In use by others.
    others: i64,
}

impl ConnectionBudget {
    fn wanted(&self) -> i64 {
        self.pools.iter().map(|(_, wanted)| wanted).sum::<i64>() + self.others
    }

    fn is_short(&self) -> bool {
        self.wanted() > self.allowed
    }
}

impl fmt::Display for ConnectionBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres allows {} connections, and ", self.allowed)?;
        for (name, wanted) in &self.pools {
            write!(f, "{wanted} ({name}) + ")?;
        }
        write!(f, "{} (others, now) = {} may be wanted", self.others, self.wanted())
    }
}

/// What came of counting.
enum Counted {
    Budget(ConnectionBudget),
    /// Not even one more was to be had.
    Exhausted(String),
}

impl Store {
    async fn budget(&self, connection: &mut PgConnection) -> Result<ConnectionBudget> {
        let allowed = sqlx::query_scalar!(
            r#"select current_setting('max_connections')::bigint
                    - current_setting('superuser_reserved_connections')::bigint
                    - coalesce(current_setting('reserved_connections', true), '0')::bigint as "allowed!""#
        )
        .fetch_one(&mut *connection)
        .await?;
        let used = sqlx::query!(
            r#"select coalesce(application_name, '') as "application!", count(*) as "used!"
               from pg_stat_activity where backend_type = 'client backend' group by 1"#
        )
        .fetch_all(&mut *connection)
        .await?;
        let used = used.into_iter().map(|row| (row.application, row.used)).collect();
        let own = self.pool().connect_options().get_application_name().unwrap_or_default().to_owned();
        Ok(reckon(allowed, &own, used))
    }

    async fn count_connections(&self) -> Result<Counted> {
        let options = self.direct_options();
        match PgConnection::connect_with(&options).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(TOO_MANY_CONNECTIONS) => {
                Ok(Counted::Exhausted(error.message().to_owned()))
            }
            Err(error) => Err(error.into()),
            Ok(mut connection) => {
                let budget = self.budget(&mut connection).await;
                connection.close().await?;
                budget.map(Counted::Budget)
            }
        }
    }

    /// Says so when PostgreSQL has too few connections, or has run out of them, and keeps its time. Runs until
    /// `shutdown`.
    pub async fn watch_server(&self, shutdown: CancellationToken) {
        let own = self.pool().options().get_max_connections();
        let mut known = None;
        let (mut said_short, mut said_exhausted) = (false, false);
        loop {
            // That PostgreSQL is away is told by those who need it.
            drop(self.database_time().await);
            let idle = u32::try_from(self.pool().num_idle()).unwrap_or(u32::MAX);
            metrics::connections(self.pool().size().saturating_sub(idle), idle);
            match self.count_connections().await {
                Ok(Counted::Budget(budget)) => {
                    if budget.is_short() && !said_short {
                        tracing::warn!("connections may run out: {budget}; {ADVICE}");
                    }
                    (said_short, said_exhausted) = (budget.is_short(), false);
                    known = Some(budget);
                }
                Ok(Counted::Exhausted(message)) if !said_exhausted => {
                    said_exhausted = true;
                    match &known {
                        Some(budget) => tracing::warn!("{message}: {budget}; {ADVICE}"),
                        None => {
                            tracing::warn!("{message}: this process may want {own} + {LISTENERS}; {ADVICE}")
                        }
                    }
                }
                Ok(Counted::Exhausted(_)) | Err(_) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }
}

const ADVICE: &str = "lower postgres.max_connections here or raise max_connections of the server";

fn reckon(allowed: i64, own: &str, used: BTreeMap<String, i64>) -> ConnectionBudget {
    let this = ("this process".to_owned(), wanted_by(own).unwrap_or_default() + LISTENERS);
    let mut budget = ConnectionBudget { allowed, pools: vec![this], others: 0 };
    for (application, used) in used {
        match wanted_by(&application) {
            Some(_) if application == own => {}
            Some(pool) => budget.pools.push((application, pool + LISTENERS)),
            None => budget.others += used,
        }
    }
    budget
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arithmetic_of_connections_is_told() {
        let own = application_name(20);
        assert!(own.len() < 64, "{own}");
        let used = [(own.clone(), 1), ("naia 7.1@other pool 50".into(), 3), ("psql".into(), 30)];
        let budget = reckon(97, &own, used.into());
        assert!(budget.is_short());
        let told = "postgres allows 97 connections, and 22 (this process) + 52 (naia 7.1@other pool 50) + \
                    30 (others, now) = 104 may be wanted";
        assert_eq!(budget.to_string(), told);
        assert!(!reckon(104, &own, BTreeMap::from([(own.clone(), 1), ("psql".into(), 82)])).is_short());
    }

    #[test]
    fn two_pools_of_a_process_are_two() {
        assert_ne!(application_name(5), application_name(5));
    }
}
