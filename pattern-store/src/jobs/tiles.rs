//! A run that is split: its tiles are runs of their own, which any worker pulls.
//!
//! The split run stays `running` and lies in the queue until its last tile has succeeded. The attempt that split
//! it is the generation of its tiles: tiles of an older one change nothing any more. A tile that ends badly ends
//! the split run the same way. Whoever ends a tile holds the lock of the run that it is a part of.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{attempt::lock_chain, deliveries, tile::Tile};
use crate::Result;

/// Locks the split run that the tile is a part of, after its chain.
pub(super) async fn lock_split(conn: &mut PgConnection, tile: Option<&Tile>) -> Result<()> {
    let Some(tile) = tile else { return Ok(()) };
    let chain = sqlx::query_scalar!("select chain_id from job_runs where id = $1", tile.run_id)
        .fetch_one(&mut *conn)
        .await?;
    lock_chain(conn, chain).await?;
    lock_chain(conn, Some(tile.run_id)).await
}

/// Whether tiles of the run are still to be done.
pub(super) async fn has_open(conn: &mut PgConnection, run_id: Uuid, generation: i32) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from job_runs
           where parent_id = $1 and generation = $2 and status <> 'succeeded') as "open!""#,
        run_id,
        generation
    )
    .fetch_one(conn)
    .await?)
}

/// To be called when a tile has succeeded: after the last one the split run goes on.
pub(super) async fn one_is_done(conn: &mut PgConnection, tile: &Tile) -> Result<()> {
    if !has_open(conn, tile.run_id, tile.generation).await? {
        let delivery = sqlx::query_scalar!(
            "select delivery from job_runs where id = $1 and generation = $2",
            tile.run_id,
            tile.generation
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(delivery) = delivery.flatten() {
            deliveries::hasten(conn, &delivery).await?;
        }
    }
    Ok(())
}

/// Cancels the tiles of a run that are not done.
pub(super) async fn stop_all(conn: &mut PgConnection, run_id: Uuid) -> Result<()> {
    sqlx::query!(
        "update job_runs set cancel_requested = true where parent_id = $1 and status = 'running'",
        run_id
    )
    .execute(&mut *conn)
    .await?;
    let waiting = sqlx::query_scalar!(
        r#"update job_runs set status = 'cancelled', finished_at = now()
           where parent_id = $1 and status in ('queued', 'failed') returning delivery as "delivery!""#,
        run_id
    )
    .fetch_all(&mut *conn)
    .await?;
    for delivery in waiting {
        deliveries::done(conn, &delivery).await?;
    }
    Ok(())
}
