use sqlx::PgConnection;
use uuid::Uuid;

use super::JobContext;
use crate::{Result, Store};

/// Lets a transaction write only while the attempt it belongs to is the current one: what a worker that
/// was given up for dead still brings, comes to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fence(Option<(Uuid, i32)>);

impl Fence {
    /// For writers that are no job.
    pub fn open() -> Self {
        Self(None)
    }

    pub fn of(context: &JobContext) -> Self {
        Self(Some((context.run_id, context.attempt)))
    }

    pub(crate) async fn confirm(&self, conn: &mut PgConnection) -> Result<()> {
        match self.0 {
            Some((run_id, attempt)) => Store::confirm_attempt(conn, run_id, attempt).await,
            None => Ok(()),
        }
    }
}
