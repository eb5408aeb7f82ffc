//! PostgreSQL: the only authority. Architecture invariant: only this crate writes SQL.

mod access;
mod analysed;
mod analysis;
mod clock;
mod clusters;
mod connection;
mod connection_budget;
mod correlation_plans;
mod correlations;
mod dead_letters;
mod episode;
mod equipment;
mod error;
mod evidence;
mod idempotency;
mod ingest_gaps;
pub mod jobs;
mod listener;
mod locks;
pub mod metrics;
mod off_thread;
mod offsets;
mod opinions;
pub mod outage;
pub mod outbox;
mod patterns;
mod points;
mod review;
pub mod samples;
pub mod trace;
mod workers;

pub use access::{AuditFilter, AuditRecord, KEY_PREFIX, Known, NewKey, NewSession};
pub use analysis::{FingerprintRow, SPARKLINE_LENGTH};
pub use clusters::{FoundCluster, GenerationChange};
pub use correlation_plans::{CorrelationPlan, CorrelationTile, PlannedVariant};
pub use correlations::{
    CorrelatedPair, CorrelatedPoint, CorrelationChange, CorrelationRow, FoundCorrelations, Variant,
};
pub use dead_letters::{DeadLetter, DeadLetterTotals, NewDeadLetter};
pub use episode::KnownEpisode;
pub use equipment::{ActiveBinding, Exclusion, ForeignBinding, SettledQuestions, SuggestedRoleRow, placed};
pub use error::{Result, StoreError};
pub use evidence::Folded;
pub use idempotency::Idempotency;
pub use ingest_gaps::{IngestGap, IngestGapTotals, PartitionStart, Started};
pub use listener::Listener;
pub use off_thread::off_thread;
pub use offsets::{Consumed, ConsumedPartition, OffsetMove};
pub use patterns::{LibraryChange, LibraryPattern};
pub use points::{NewPoint, PointLabels, PointPage, RegisteredPoints, StoredPoint};
pub use review::*;
pub use sqlx::{PgConnection, PgPool};
pub use workers::WorkerRow;

use pattern_core::domain::{JobType, JobTypes};
use std::sync::Arc;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// Everything that is kept, behind one connection pool. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    link: Arc<connection::Link>,
    clock: clock::Clock,
    turns: review::Turns,
    job_types: Arc<JobTypes>,
}

impl Store {
    /// Brings the schema up to this version. Safe to call from many processes at once.
    pub async fn migrate(&self) -> Result<()> {
        // Under a lock that belongs to the session.
        let pool = self.direct_pool().await;
        let migrated = MIGRATIONS.run(&pool).await.map_err(migration_failed);
        let outcome = match migrated {
            Ok(()) => jobs::setup(&pool).await,
            failed => failed,
        };
        pool.close().await;
        outcome
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The same store of an installation with these job types.
    pub fn with_job_types(mut self, types: JobTypes) -> Self {
        self.job_types = Arc::new(types);
        self
    }

    pub fn job_types(&self) -> &JobTypes {
        &self.job_types
    }

    /// The job type of this name.
    pub(crate) fn job_type(&self, name: &str) -> Result<&JobType> {
        self.job_types.named(name).map_err(StoreError::UnknownJob)
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// That the server is away or refuses us is no fault of the migrations.
fn migration_failed(error: sqlx::migrate::MigrateError) -> StoreError {
    match error {
        sqlx::migrate::MigrateError::Execute(error) => match StoreError::from(error) {
            StoreError::Database(error) => StoreError::Migration(error.to_string()),
            known => known,
        },
        error => StoreError::Migration(error.to_string()),
    }
}
