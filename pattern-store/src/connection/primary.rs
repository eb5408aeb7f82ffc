//! Which of several servers takes writes.

use sqlx::{Executor, PgConnection, PgPool, Row, postgres::PgConnectOptions};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::time::timeout;

use super::{ACQUIRE_TIMEOUT, Link, open};
use crate::Result;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Points the pool at the server that takes writes, now and whenever that changes. Ends with the store.
pub(super) fn follow(pool: &PgPool, link: &Arc<Link>) {
    tokio::spawn(watch(pool.clone(), Arc::downgrade(link)));
}

async fn watch(pool: PgPool, link: Weak<Link>) {
    let mut current: Option<PgConnection> = None;
    while !pool.is_closed() {
        let still_writes = match &mut current {
            Some(connection) => takes_writes(connection).await.unwrap_or(false),
            None => false,
        };
        if !still_writes {
            // The pool's own connections must not keep the link alive, or nobody would ever end this.
            let Some(servers) = link.upgrade().map(|link| link.servers.clone()) else { return };
            current = find(&pool, &servers).await;
        }
        if link.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Points the pool at the first server that takes writes now; answers a connection to it.
pub(super) async fn find(pool: &PgPool, servers: &[PgConnectOptions]) -> Option<PgConnection> {
    for server in servers {
        let Ok(mut connection) = open(server).await else { continue };
        if takes_writes(&mut connection).await.unwrap_or(false) {
            let (host, port) = (server.get_host(), server.get_port());
            tracing::info!(host, port, "this postgres takes writes");
            pool.set_connect_options(server.clone());
            return Some(connection);
        }
    }
    None
}

async fn takes_writes(connection: &mut PgConnection) -> Result<bool> {
    let question = sqlx::raw_sql("select current_setting('transaction_read_only') = 'off'");
    match timeout(ACQUIRE_TIMEOUT, connection.fetch_one(question)).await {
        Ok(answer) => Ok(answer?.try_get(0)?),
        Err(_) => Ok(false),
    }
}
