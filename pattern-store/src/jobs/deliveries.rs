//! The rows of apalis. Its schema is not part of our migrations, so these statements are checked by
//! the tests and not by the compiler.

use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

use crate::Result;

/// How long a run waits before it looks again whether it is its turn, or its tiles are done. It is woken
/// when it is; this is for the case that the worker before it died.
pub(super) const TURN: Duration = Duration::from_secs(5);
/// apalis announces new rows here.
pub(super) const CHANNEL: &str = "apalis::job::insert";

/// A name for a row that is to come. The run's row tells it first, for a worker drops a row that its
/// run does not tell.
pub(super) async fn new_id(conn: &mut PgConnection) -> Result<String> {
    Ok(sqlx::query_scalar("select apalis.generate_ulid()").fetch_one(conn).await?)
}

/// Brings the run to a worker that serves `queue`, once `wait` is over.
///
/// Ours and not apalis's own insert, which knows whole seconds only and turns a repeated key into
/// an error: here the run's row has the key, and a repeated one never gets this far.
pub(super) async fn push(
    conn: &mut PgConnection,
    id: &str,
    queue: &str,
    run_id: Uuid,
    priority: i16,
    wait: Duration,
) -> Result<()> {
    sqlx::query(
        "insert into apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority)
         values ($1, $2, $3, 'Pending', 0, 1, now() + make_interval(secs => $4), $5)",
    )
    .bind(id)
    .bind(queue)
    .bind(run_id.to_string().into_bytes())
    .bind(wait.as_secs_f64())
    .bind(i32::from(priority))
    .execute(conn)
    .await?;
    Ok(())
}

/// The run that a row brings.
pub(super) fn run_id(payload: &[u8]) -> Option<Uuid> {
    std::str::from_utf8(payload).ok()?.parse().ok()
}

/// How many runs that could start now wait in other queues and are more urgent than all that wait in this one.
pub(super) async fn more_urgent(conn: &mut PgConnection, queue: &str, others: &[String]) -> Result<usize> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from apalis.jobs
         where job_type = any($2) and job_type <> $1 and status = 'Pending' and run_at <= now()
           and priority > (select coalesce(max(priority), 0) from apalis.jobs
                           where job_type = $1 and status = 'Pending' and run_at <= now())",
    )
    .bind(queue)
    .bind(others)
    .fetch_one(conn)
    .await?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// False when the row is no longer this worker's: it was thought dead and the row given to another.
pub(super) async fn claim(conn: &mut PgConnection, id: &str, worker: &str) -> Result<bool> {
    let claimed = sqlx::query(
        "update apalis.jobs set status = 'Running', lock_at = now()
         where id = $1 and lock_by = $2 and status in ('Queued', 'Running')",
    )
    .bind(id)
    .bind(worker)
    .execute(conn)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

pub(super) async fn done(conn: &mut PgConnection, id: &str) -> Result<()> {
    sqlx::query("update apalis.jobs set status = 'Done', done_at = now() where id = $1")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes the row deliverable again once `wait` is over.
pub(super) async fn give_back(conn: &mut PgConnection, id: &str, wait: Duration) -> Result<()> {
    sqlx::query(
        "update apalis.jobs
         set status = 'Pending', lock_by = null, lock_at = null, done_at = null,
             run_at = now() + make_interval(secs => $2)
         where id = $1",
    )
    .bind(id)
    .bind(wait.as_secs_f64())
    .execute(&mut *conn)
    .await?;
    if wait.is_zero() {
        wake_workers(conn).await?;
    }
    Ok(())
}

/// Gives back what the worker fetched and never started.
pub(super) async fn give_back_all_of(conn: &mut PgConnection, worker: &str) -> Result<()> {
    let given_back = sqlx::query(
        "update apalis.jobs set status = 'Pending', lock_by = null, lock_at = null
         where lock_by = $1 and status = 'Queued'",
    )
    .bind(worker)
    .execute(&mut *conn)
    .await?;
    if given_back.rows_affected() > 0 {
        wake_workers(conn).await?;
    }
    Ok(())
}

/// Lets a run that waits in the queue be looked at now.
pub(super) async fn hasten(conn: &mut PgConnection, id: &str) -> Result<()> {
    let hastened = sqlx::query(
        "update apalis.jobs set run_at = now() where id = $1 and status = 'Pending' and run_at > now()",
    )
    .bind(id)
    .execute(&mut *conn)
    .await?;
    if hastened.rows_affected() > 0 {
        wake_workers(conn).await?;
    }
    Ok(())
}

/// Lets the most urgent run, of several the oldest, that had to wait for its turn at (job, data source) have it now.
pub(super) async fn next_in_turn(
    conn: &mut PgConnection,
    job: &str,
    data_source_id: Option<Uuid>,
) -> Result<()> {
    let hastened = sqlx::query(
        // One that is locked is being started, or ended, without us; to wait for it could be a deadlock.
        "update apalis.jobs set run_at = now() where id = (
             select j.id from job_runs r join apalis.jobs j on j.id = r.delivery
             where r.job = $1 and r.status = 'queued' and r.run_at <= now()
               and ($2::uuid is null or r.data_source_id is null or r.data_source_id = $2)
               and j.status = 'Pending' and j.run_at > now()
             order by r.priority desc, r.created_at limit 1 for update of j skip locked)",
    )
    .bind(job)
    .bind(data_source_id)
    .execute(&mut *conn)
    .await?;
    if hastened.rows_affected() > 0 {
        wake_workers(conn).await?;
    }
    Ok(())
}

/// apalis announces inserted rows only; a row that became due by an update is announced here.
async fn wake_workers(conn: &mut PgConnection) -> Result<()> {
    sqlx::query("select pg_notify($1, '{}')").bind(CHANNEL).execute(conn).await?;
    Ok(())
}

/// Deletes rows that ended more than `keep` ago, and workers long gone that hold nothing.
pub(super) async fn prune(conn: &mut PgConnection, keep: Duration) -> Result<u64> {
    let gone = sqlx::query(
        "delete from apalis.jobs where status in ('Done', 'Killed', 'Failed')
         and coalesce(done_at, run_at) < now() - make_interval(secs => $1)",
    )
    .bind(keep.as_secs_f64())
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "delete from apalis.workers w where last_seen < now() - interval '1 day'
         and not exists (select from apalis.jobs j where j.lock_by = w.id)",
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// Open runs whose row of the queue is gone: nothing would ever bring them to a worker.
pub(super) async fn undeliverable(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>> {
    Ok(sqlx::query_as(
        "select r.id, r.job from job_runs r
         where r.status in ('queued', 'running', 'failed') and r.delivery is not null
           and not exists (select from apalis.jobs j where j.id = r.delivery
                           and j.status in ('Pending', 'Queued', 'Running'))
         order by r.created_at for update of r skip locked",
    )
    .fetch_all(conn)
    .await?)
}
