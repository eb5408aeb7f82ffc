//! What ends with a run: its chain, its tiles, or the run that it is a tile of.

use serde_json::Value;
use sqlx::{PgConnection, PgTransaction};
use uuid::Uuid;

use super::{attempt::Attempt, deliveries, tiles};
use crate::Result;

/// Ends the run for good as `dead` or `cancelled`, and with it its chain, or the run that it is a tile of.
pub(super) async fn end(
    tx: &mut PgTransaction<'_>,
    attempt: &Attempt,
    status: &str,
    error: Option<&str>,
) -> Result<()> {
    end_run(tx, attempt.run_id, attempt.chain, attempt.job.as_str(), status, error).await?;
    deliveries::done(tx, &attempt.delivery).await?;
    if attempt.tile.is_some() {
        end_split(tx, attempt, status, error).await?;
    }
    deliveries::next_in_turn(tx, attempt.job.as_str(), attempt.data_source_id).await
}

pub(super) async fn end_run(
    conn: &mut PgConnection,
    run_id: Uuid,
    chain: Option<Uuid>,
    job: &str,
    status: &str,
    error: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update job_runs set status = $2, error = $3, finished_at = now() where id = $1",
        run_id,
        status,
        error
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update job_runs set status = $2, error = $3, finished_at = now()
         where id = $1 and status in ('queued', 'running')",
        chain,
        status,
        error.map(|error| format!("{job}: {error}")),
    )
    .execute(&mut *conn)
    .await?;
    tiles::stop_all(conn, run_id).await
}

/// To be called when a tile has ended badly: so does the split run, unless it has already.
pub(super) async fn end_split(
    tx: &mut PgTransaction<'_>,
    tile: &Attempt,
    status: &str,
    error: Option<&str>,
) -> Result<()> {
    let split = sqlx::query!(
        r#"select r.id, r.job, r.chain_id, r.data_source_id, r.delivery as "delivery!", t.arguments,
                  d.name as data_source
           from job_runs t join job_runs r on r.id = t.parent_id and r.generation = t.generation
           join data_sources d on d.id = t.data_source_id
           where t.id = $1 and r.status = 'running'"#,
        tile.run_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(split) = split else { return Ok(()) };
    let job = tile.job.as_str();
    let error =
        error.map(|error| format!("{job} {} of {}: {error}", brief(&split.arguments), split.data_source));
    end_run(tx, split.id, split.chain_id, &split.job, status, error.as_deref()).await?;
    deliveries::done(tx, &split.delivery).await?;
    deliveries::next_in_turn(tx, &split.job, split.data_source_id).await
}

/// What a tile was told, for people: the values alone.
fn brief(arguments: &Value) -> String {
    let values = arguments.as_object().into_iter().flatten().map(|(_, value)| value.to_string());
    values.collect::<Vec<_>>().join(" ")
}
