//! Real servers for tests: each test gets its own database, topics are told apart by name.
//!
//! `NAIA_TEST_POSTGRES` and `NAIA_TEST_KAFKA` name the servers to use.

use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

/// An empty database of its own, dropped with the value.
pub struct TestDatabase {
    pub url: String,
    name: String,
    admin_url: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let admin_url = postgres_url();
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut admin = PgConnection::connect(&admin_url).await.expect("test postgres must be reachable");
        admin.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.expect("create database");
        let (base, _) = admin_url.rsplit_once('/').expect("postgres url ends in /database");
        Self { url: format!("{base}/{name}"), name, admin_url: admin_url.clone() }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (name, admin_url) = (self.name.clone(), self.admin_url.clone());
        // A thread of its own: a runtime can not block inside another one.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&admin_url).await.map_err(std::io::Error::other)?;
                admin
                    .execute(sqlx::AssertSqlSafe(format!("drop database if exists {name} with (force)")))
                    .await
                    .map_err(std::io::Error::other)
            })
        });
        drop(dropped.join());
    }
}

/// Admin url of the PostgreSQL that tests use, ending in `/postgres`.
pub fn postgres_url() -> String {
    std::env::var("NAIA_TEST_POSTGRES").expect("NAIA_TEST_POSTGRES is not set; run tests with `make test`")
}

/// Bootstrap servers of the Apache Kafka that tests use.
pub fn kafka_bootstrap() -> String {
    std::env::var("NAIA_TEST_KAFKA").expect("NAIA_TEST_KAFKA is not set; run tests with `make test`")
}
