//! Whether PostgreSQL serves, and if not, why.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, postgres::PgConnectOptions};
use std::time::Duration;
use tokio::time::Instant;

use super::{open, pooler};
use crate::{MIGRATIONS, Result, Store, StoreError, jobs};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const SAY_AGAIN: Duration = Duration::from_secs(60);

impl Store {
    /// Answers whether PostgreSQL serves right now: it answers, takes writes and has this version's tables.
    pub async fn ping(&self) -> Result<()> {
        match self.pool.acquire().await {
            Ok(mut connection) => check(&mut connection).await,
            // The pool does not say why it has none: nobody listens, or the server has no slot left.
            Err(error @ sqlx::Error::PoolTimedOut) => {
                Err(self.connects().await.err().unwrap_or(error.into()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until PostgreSQL answers, whatever it holds.
    ///
    /// # Errors
    /// `Refused`: it never will, as things are set.
    pub async fn wait_until_connected(&self) -> Result<()> {
        self.wait_until(false).await
    }

    /// Waits until PostgreSQL can be worked with, and says now and then what it waits for.
    ///
    /// # Errors
    /// `Refused`: it never will, as things are set.
    pub async fn wait_until_ready(&self) -> Result<()> {
        self.wait_until(true).await
    }

    async fn wait_until(&self, ready: bool) -> Result<()> {
        let (mut pause, mut said): (_, Option<(String, Instant)>) = (FIRST_PAUSE, None);
        loop {
            let error = match self.connects().await {
                Ok(()) if !ready => return Ok(()),
                Ok(()) => self.ping().await.err(),
                Err(error) => Some(error),
            };
            let error = match error {
                None => return Ok(()),
                Some(refused @ StoreError::Refused(_)) => return Err(refused),
                Some(error) => error.to_string(),
            };
            let is_news = said.as_ref().is_none_or(|(last, at)| *last != error || at.elapsed() > SAY_AGAIN);
            if is_news {
                tracing::warn!(%error, "waiting for postgres");
                said = Some((error, Instant::now()));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tries every address that will be used, outside of the pool, which would hide the reason.
    async fn connects(&self) -> Result<()> {
        let mut outcome = Ok(());
        for server in &self.link.servers {
            outcome = self.connects_to(server).await;
            // One of several hosts may be away.
            if outcome.is_ok() {
                break;
            }
        }
        outcome?;
        let Some(direct) = &self.link.direct else { return Ok(()) };
        let mut connection = open(direct).await?;
        match pooler::look(&mut connection, std::slice::from_ref(direct)).await? {
            pooler::Road::Session => Ok(connection.close().await?),
            pooler::Road::Transaction | pooler::Road::Mixing => Err(StoreError::Refused(
                "postgres.direct_url leads to a pooler that ends a session with each transaction; name \
                 PostgreSQL itself"
                    .into(),
            )),
        }
    }

    async fn connects_to(&self, server: &PgConnectOptions) -> Result<()> {
        let mut connection = open(server).await?;
        self.link.accept(&mut connection).await?;
        Ok(connection.close().await?)
    }
}

/// Simple queries: they are asked where the tables that a prepared one would need may not be there.
async fn check(connection: &mut PgConnection) -> Result<()> {
    let question = format!(
        "select current_setting('transaction_read_only') = 'on',
                to_regclass('_sqlx_migrations') is not null and to_regclass('{}') is not null",
        jobs::QUEUE_TABLE
    );
    let answer = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(question))).await?;
    if answer.try_get(0)? {
        return Err(StoreError::read_only());
    }
    if !answer.try_get(1)? {
        return Err(StoreError::NotMigrated("the database has not been set up".into()));
    }
    let question = "select coalesce(max(version), 0) from _sqlx_migrations where success";
    let present: i64 = connection.fetch_one(sqlx::raw_sql(question)).await?.try_get(0)?;
    // A newer one serves too: migrations leave what the version before them needs.
    let wanted = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    if present < wanted {
        return Err(StoreError::NotMigrated(format!(
            "the database is of an older version (schema {present}, this one needs {wanted})"
        )));
    }
    Ok(())
}
