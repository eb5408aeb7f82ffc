use pattern_core::domain::JobName;
use serde_json::Value;
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

use super::{enqueue::Terms, tile::Tile};
use crate::Result;

/// An attempt that is under way.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub run_id: Uuid,
    pub job: JobName,
    pub terms: Terms,
    pub data_source_id: Option<Uuid>,
    pub number: i32,
    /// Attempts that count, this one included.
    pub counted: i32,
    pub max_attempts: i32,
    pub timeout: Duration,
    pub delivery: String,
    pub chain: Option<Uuid>,
    pub triggered_by: String,
    pub next: Vec<JobName>,
    pub tile: Option<Tile>,
    pub so_far: Option<Value>,
}

pub(super) async fn lock_chain(conn: &mut PgConnection, chain: Option<Uuid>) -> Result<()> {
    if let Some(chain) = chain {
        sqlx::query!("select id from job_runs where id = $1 for no key update", chain)
            .fetch_one(conn)
            .await?;
    }
    Ok(())
}
