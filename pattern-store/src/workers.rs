//! Which worker processes there are.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Result, Store};

/// A worker process.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WorkerRow {
    pub id: String,
    pub hostname: String,
    pub pid: i32,
    pub version: String,
    /// The job types it pulls.
    pub capabilities: Vec<String>,
    pub started_at: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
    /// Set where it stopped in good order.
    pub stopped_at: Option<DateTime<Utc>>,
    /// How far its clock is ahead of PostgreSQL's, negative where it is behind. Beyond a minute it does no
    /// maintenance and no sealing.
    pub clock_ahead_seconds: Option<f64>,
}

impl Store {
    /// Workers that were seen within the last day, the latest first.
    pub async fn workers(&self) -> Result<Vec<WorkerRow>> {
        Ok(sqlx::query_as!(
            WorkerRow,
            "select id, hostname, pid, version, capabilities, started_at, last_seen, stopped_at,
                    clock_ahead_seconds
             from workers where last_seen > now() - interval '1 day' order by last_seen desc, id"
        )
        .fetch_all(&self.pool)
        .await?)
    }
}
