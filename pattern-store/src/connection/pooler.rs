//! Finds out whether a pooler stands before PostgreSQL, and what it does to sessions.

use sqlx::{Executor, PgConnection, Row, postgres::PgConnectOptions};
use std::{collections::HashSet, time::Duration};
use tokio::time::timeout;

use super::open;
use crate::StoreError;

const ROUNDS: usize = 8;
/// A pooler that has no session left lets a client wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// What connections through an address are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Road {
    /// Each is a session of its own, as PostgreSQL makes them.
    Session,
    /// Sessions are handed on after each transaction, with everybody's prepared statements told apart.
    Transaction,
    /// Sessions are handed on, prepared statements and all: one client runs what another one prepared.
    Mixing,
}

/// `first` is new: nothing was prepared on it.
pub(super) async fn look(first: &mut PgConnection, servers: &[PgConnectOptions]) -> sqlx::Result<Road> {
    let looked = async {
        // In the same order as the pool would; one of them answered just now.
        let mut problem = sqlx::Error::PoolTimedOut;
        for server in servers {
            match open(server).await {
                Ok(mut second) => return judge(first, &mut second).await,
                Err(StoreError::Database(error)) => problem = error,
                Err(error) => problem = sqlx::Error::Io(std::io::Error::other(error.to_string())),
            }
        }
        Err(problem)
    };
    timeout(PATIENCE, looked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn judge(a: &mut PgConnection, b: &mut PgConnection) -> sqlx::Result<Road> {
    if !shares_sessions(a, b).await? {
        return Ok(Road::Session);
    }
    match keeps_statements_apart(a, b).await {
        Ok(true) => Ok(Road::Transaction),
        Ok(false) => Ok(Road::Mixing),
        // There is no such statement, there is one already, or it takes other values; or no transaction is taken.
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("26000" | "42P05" | "08P01")) =>
        {
            Ok(Road::Mixing)
        }
        Err(error) => Err(error),
    }
}

/// Two open connections of PostgreSQL's own never have the same backend, and keep theirs.
async fn shares_sessions(a: &mut PgConnection, b: &mut PgConnection) -> sqlx::Result<bool> {
    let own = backend(a).await?;
    for _ in 0..ROUNDS {
        // What `a` has let go of is mostly the next to be handed out, and `b` keeps it for a moment.
        b.execute(sqlx::raw_sql("begin")).await?;
        let other = backend(b).await?;
        if other == own {
            b.execute(sqlx::raw_sql("rollback")).await?;
            return Ok(true);
        }
        let moved = backend(a).await? != own;
        b.execute(sqlx::raw_sql("rollback")).await?;
        if moved {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Both prepare their first statement, which sqlx gives the same name on every connection.
async fn keeps_statements_apart(a: &mut PgConnection, b: &mut PgConnection) -> sqlx::Result<bool> {
    let (mut of_a, mut of_b) = (HashSet::new(), HashSet::new());
    for _ in 0..ROUNDS {
        let (backend_a, said_a) = ask(a, "select 'a', $1::text").await?;
        let (backend_b, said_b) = ask(b, "select 'b', $1::text").await?;
        if (said_a.as_str(), said_b.as_str()) != ("a", "b") {
            return Ok(false);
        }
        of_a.insert(backend_a);
        of_b.insert(backend_b);
        // Either both names met in one session, or a statement followed its client to another one.
        if of_a.intersection(&of_b).next().is_some() || of_a.len() > 1 || of_b.len() > 1 {
            return Ok(true);
        }
    }
    // It is too busy to tell.
    Err(sqlx::Error::PoolTimedOut)
}

async fn ask(connection: &mut PgConnection, statement: &'static str) -> sqlx::Result<(i32, String)> {
    connection.execute(sqlx::raw_sql("begin")).await?;
    let backend = backend(connection).await?;
    let said = sqlx::query_scalar(statement).bind("").fetch_one(&mut *connection).await;
    connection.execute(sqlx::raw_sql("rollback")).await?;
    Ok((backend, said?))
}

async fn backend(connection: &mut PgConnection) -> sqlx::Result<i32> {
    connection.fetch_one(sqlx::raw_sql("select pg_backend_pid()")).await?.try_get(0)
}
