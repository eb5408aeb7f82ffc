//! How the store is connected: what its URL names, which servers it accepts, and what it says of them.

mod contact;
mod no_delay;
mod pooler;
mod primary;
mod servers;

use futures_util::FutureExt;
use pattern_core::domain::JobTypes;
use sqlx::{
    Executor, PgConnection, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::OnceCell;

use crate::{Result, Store, StoreError, clock::Clock, connection_budget, outage, review::Turns};
use pooler::Road;

pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the store's connections lead.
#[derive(Debug)]
pub(crate) struct Link {
    /// Several where the URL names several hosts; the pool uses the one that takes writes.
    servers: Vec<PgConnectOptions>,
    /// For what needs a session of its own, where that is another address.
    direct: Option<PgConnectOptions>,
    /// What the URL leads to. Found out once, by the first connection.
    road: OnceCell<Road>,
}

impl Store {
    /// Makes the pool; connections are opened when they are first needed, so this works while
    /// PostgreSQL is away.
    pub fn connect_lazy(url: &str, max_connections: u32) -> Result<Self> {
        Self::connect_lazy_beside(url, None, max_connections)
    }

    /// As `connect_lazy`, where `url` may lead to a pooler that gives a connection to somebody else after each
    /// transaction. What needs a session of its own (LISTEN, migrations) then goes to `direct_url`.
    pub fn connect_lazy_beside(url: &str, direct_url: Option<&str>, max_connections: u32) -> Result<Self> {
        choose_cryptography();
        let name = connection_budget::application_name(max_connections);
        let servers: Vec<_> =
            servers::parse(url)?.into_iter().map(|server| server.application_name(&name)).collect();
        // Whichever of several hosts it names: the pool's watch is for the pool's.
        let direct = direct_url.map(servers::parse).transpose()?.map(|mut all| all.swap_remove(0));
        let link = Arc::new(Link { servers, direct, road: OnceCell::new() });
        let pool = Self::pool_of(&link, max_connections, ACQUIRE_TIMEOUT);
        Ok(Self {
            pool,
            link,
            clock: Clock::default(),
            turns: Turns::default(),
            job_types: Arc::new(JobTypes::shipped()),
        })
    }

    /// The same store with one connection of its own, so that it is answered when all others are in use, and told
    /// soon when there is no answer.
    pub fn apart(&self, acquire_within: Duration) -> Self {
        Self { pool: Self::pool_of(&self.link, 1, acquire_within), ..self.clone() }
    }

    fn pool_of(link: &Arc<Link>, max_connections: u32, acquire_within: Duration) -> PgPool {
        let opened = link.clone();
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(acquire_within)
            .after_connect(move |connection, _| {
                let link = opened.clone();
                async move { link.accept(connection).await }.boxed()
            })
            .before_acquire(|connection, _| is_usable(connection).boxed())
            .connect_lazy_with(link.servers[0].clone());
        if link.servers.len() > 1 {
            primary::follow(&pool, link);
        }
        pool
    }

    /// For LISTEN, and whatever else needs a session of its own.
    pub(crate) fn direct_options(&self) -> PgConnectOptions {
        self.link.direct.clone().unwrap_or_else(|| self.pool.connect_options().as_ref().clone())
    }

    /// A few connections that are sessions of their own, to a server that takes writes.
    pub(crate) async fn direct_pool(&self) -> PgPool {
        if self.link.servers.len() > 1 && self.link.direct.is_none() {
            primary::find(&self.pool, &self.link.servers).await;
        }
        PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(self.direct_options())
    }
}

impl Link {
    /// A new connection of the pool: sent without delay, and never through a pooler that would mix it up.
    async fn accept(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        no_delay::set(self.servers.iter().map(PgConnectOptions::get_port).collect()).await;
        // The host does not matter here: what leads to one of them leads to all.
        let road = self.road.get_or_try_init(|| pooler::look(connection, &self.servers)).await?;
        match self.problem(*road) {
            Some(problem) => Err(sqlx::Error::Configuration(problem.into())),
            None => Ok(()),
        }
    }

    fn problem(&self, road: Road) -> Option<&'static str> {
        match road {
            Road::Session => None,
            Road::Transaction if self.direct.is_some() => None,
            Road::Transaction => Some(
                "postgres.url leads to a pooler that ends a session with each transaction, where LISTEN and \
                 migrations cannot work: name PostgreSQL itself in postgres.direct_url, or use a pooler in \
                 session mode",
            ),
            Road::Mixing => Some(
                "postgres.url leads to a pooler that runs one client's prepared statements for another \
                 (PgBouncer in transaction mode before 1.21, or with max_prepared_statements = 0): set \
                 pool_mode = session, or use PgBouncer 1.21 or newer with max_prepared_statements = 200 and \
                 postgres.direct_url, or name PostgreSQL itself in postgres.url",
            ),
        }
    }
}

/// Whether a connection that was used before may be used again.
///
/// Who is dropped while it begins a transaction leaves the connection in it, and sqlx 0.9 does not notice
/// (transact-rs/sqlx#4393): whoever came next would write into a transaction that nobody commits. And after a
/// failover a connection may lead to a server that takes no writes any more, while a new one finds the other.
async fn is_usable(connection: &mut PgConnection) -> sqlx::Result<bool> {
    // Sent as a simple query, both times are the same instant unless the transaction is older.
    let question =
        "select now() = statement_timestamp() and current_setting('transaction_read_only') = 'off'";
    let usable = connection.fetch_one(sqlx::raw_sql(question)).await?.try_get(0)?;
    if usable {
        outage::is_over();
    }
    Ok(usable)
}

/// A connection outside of the pool.
async fn open(options: &PgConnectOptions) -> Result<PgConnection> {
    let opening = <PgConnection as sqlx::Connection>::connect_with(options);
    match tokio::time::timeout(ACQUIRE_TIMEOUT, opening).await {
        Ok(opened) => Ok(opened?),
        Err(_) => Err(StoreError::Unavailable(format!(
            "{}:{} does not answer within {} s",
            options.get_host(),
            options.get_port(),
            ACQUIRE_TIMEOUT.as_secs()
        ))),
    }
}

/// sqlx brings one library of cryptography and the API's https another, so that rustls would not know which to take.
fn choose_cryptography() {
    // Somebody may have chosen before; that is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
}
