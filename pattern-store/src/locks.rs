//! Advisory locks. Order everywhere: data source, then suggestions, equipment, patterns, each in id order.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Held to the end of the transaction: clusters and suggestions of a data source change one at a time.
pub(crate) async fn data_source(conn: &mut PgConnection, id: Uuid) -> Result<()> {
    let (high, low) = id.as_u64_pair();
    sqlx::query!("select pg_advisory_xact_lock($1)", (high ^ low) as i64).execute(conn).await?;
    Ok(())
}
