//! PostgreSQL: the only authority. Architecture invariant: only this crate writes SQL.

mod analysis;
mod clock;
mod clusters;
mod connections;
mod correlation_plans;
mod correlations;
mod dead_letters;
mod error;
mod evidence;
mod idempotency;
pub mod jobs;
mod listener;
mod locks;
mod off_thread;
mod offsets;
pub mod outbox;
mod patterns;
mod points;
pub mod samples;
mod suggestions;
mod workers;

pub use analysis::{FingerprintRow, SPARKLINE_LENGTH};
pub use clusters::{FoundCluster, GenerationChange};
pub use correlation_plans::{CorrelationPlan, CorrelationTile, PlannedVariant};
pub use correlations::{CorrelatedPoint, CorrelationChange, CorrelationRow, FoundCorrelations, Variant};
pub use dead_letters::{DeadLetter, NewDeadLetter};
pub use error::{Result, StoreError};
pub use evidence::Folded;
pub use idempotency::Idempotency;
pub use listener::Listener;
pub use off_thread::off_thread;
pub use offsets::{Consumed, OffsetMove};
pub use patterns::{LibraryChange, LibraryPattern};
pub use points::{NewPoint, PointLabels, PointPage, RegisteredPoints, StoredPoint};
pub use sqlx::{PgConnection, PgPool};
pub use suggestions::*;
pub use workers::WorkerRow;

use futures_util::FutureExt;
use sqlx::{
    Executor, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Everything that is kept, behind one connection pool. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    clock: clock::Clock,
}

impl Store {
    /// Makes the pool; connections are opened when they are first needed, so this works while
    /// PostgreSQL is away.
    pub fn connect_lazy(url: &str, max_connections: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|e| StoreError::Invalid(format!("postgres url can not be used: {e}")))?
            .application_name(&connections::application_name(max_connections));
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(5))
            .before_acquire(|connection, _| is_out_of_transaction(connection).boxed())
            .connect_lazy_with(options);
        Ok(Self { pool, clock: clock::Clock::default() })
    }

    /// Brings the schema up to this version. Safe to call from many processes at once.
    pub async fn migrate(&self) -> Result<()> {
        MIGRATIONS.run(&self.pool).await.map_err(|e| StoreError::Migration(e.to_string()))?;
        jobs::setup(&self.pool).await
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Answers whether PostgreSQL serves right now.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }
}

/// Who is dropped while it begins a transaction leaves the connection in it, and sqlx 0.9 does not notice
/// (transact-rs/sqlx#4393): whoever came next would write into a transaction that nobody commits.
async fn is_out_of_transaction(connection: &mut PgConnection) -> sqlx::Result<bool> {
    // Sent as a simple query, both are the same instant unless the transaction is older.
    connection.fetch_one(sqlx::raw_sql("select now() = statement_timestamp()")).await?.try_get(0)
}
