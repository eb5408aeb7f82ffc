//! How the store connects: TLS, poolers, several hosts, and what it says when it cannot.

mod poolers;
mod primary;
mod refused;
mod schema;
mod tls;

use pattern_embedded::{DataDir, EmbeddedPostgres, PostgresUse, testing};
use pattern_store::{Store, StoreError};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A PostgreSQL of the test's own.
struct Server {
    postgres: EmbeddedPostgres,
    data_dir: DataDir,
}

impl Server {
    async fn start(name: &str, used_for: PostgresUse) -> Self {
        let data_dir = testing::private_folder(name);
        let postgres = EmbeddedPostgres::start(&data_dir, used_for).await.expect("postgres");
        Self { postgres, data_dir }
    }

    fn url(&self) -> String {
        self.postgres.url()
    }

    /// Whatever the server is set to by now.
    async fn run(&self, statements: &[&str]) {
        let mut admin = PgConnection::connect(&self.url()).await.expect("connect");
        admin.execute("set default_transaction_read_only = off").await.expect("writes");
        for statement in statements {
            admin.execute(AssertSqlSafe((*statement).to_owned())).await.expect("statement");
        }
    }

    /// `on`: it takes no writes, as one that another server has taken over from.
    async fn read_only(&self, value: &str) {
        let set = format!("alter system set default_transaction_read_only = {value}");
        self.run(&[&set, "select pg_reload_conf()"]).await;
        testing::until("the server has read its settings", || async {
            let mut admin = PgConnection::connect(&self.url()).await.expect("connect");
            let now: String = sqlx::query_scalar("select current_setting('transaction_read_only')")
                .fetch_one(&mut admin)
                .await
                .expect("setting");
            now == value
        })
        .await;
    }
}

/// Why it never will connect.
async fn refusal(url: &str) -> String {
    let store = Store::connect_lazy(url, 2).expect("the url is valid");
    match store.wait_until_connected().await {
        Err(StoreError::Refused(reason)) => reason,
        other => panic!("{url}: {other:?}"),
    }
}
