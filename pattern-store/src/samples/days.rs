//! Which days there are, and who may write to them.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use std::collections::HashMap;

use crate::{Result, Store, StoreError};

/// Class of the advisory locks on single days; the second number is the day.
const DAY_LOCK: i32 = 0x6e61_6401;
/// Class of the advisory locks on all days; the second number says what for.
const ALL_DAYS_LOCK: i32 = 0x6e61_6402;
const MAKE_TABLES: i32 = 1;
const SEAL: i32 = 2;

/// So many days have tables of their own. In step there are three or four; more come with imports of the past.
const MOST_HOT_DAYS: usize = 200;

/// A row of a hot or late table, with its header.
const BYTES_PER_ROW: i64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayState {
    Hot,
    Sealed,
}

impl DayState {
    fn parse(text: &str) -> Result<Self> {
        match text {
            "hot" => Ok(Self::Hot),
            "sealed" => Ok(Self::Sealed),
            other => Err(StoreError::Corrupt(format!("unknown state of a day: '{other}'"))),
        }
    }
}

/// Where a batch may put a day's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Hot,
    Late,
}

pub(super) fn table_name(day: NaiveDate) -> String {
    format!("samples_{}", day.format("%Y%m%d"))
}

/// Whether a day's table is there no more: it was sealed.
pub(super) fn is_gone(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(sqlx::Error::Database(e)) if e.code().as_deref() == Some("42P01"))
}

pub(super) fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn lock_number(day: NaiveDate) -> i32 {
    day.num_days_from_ce()
}

/// Takes the days' locks as a writer, to the end of the transaction, and says where each day's samples
/// go. Never waits for a sealing: a day that is being sealed takes late samples.
pub(super) async fn open_for_writing(
    conn: &mut PgConnection,
    days: &[NaiveDate],
) -> Result<HashMap<NaiveDate, Target>> {
    let numbers: Vec<i32> = days.iter().map(|day| lock_number(*day)).collect();
    let locked = sqlx::query!(
        r#"select day as "day!", pg_try_advisory_xact_lock_shared($1, number) as "locked!"
           from unnest($2::date[], $3::int[]) as d(day, number)"#,
        DAY_LOCK,
        days,
        &numbers
    )
    .fetch_all(&mut *conn)
    .await?;
    // A statement of its own: what it sees is at least as new as the locks.
    let mut states = states(conn, days).await?;
    let missing: Vec<NaiveDate> =
        locked.iter().filter(|d| d.locked && !states.contains_key(&d.day)).map(|d| d.day).collect();
    if !missing.is_empty() {
        let (hot, sealed) = apportion(conn, missing).await?;
        make_tables(conn, &hot).await?;
        begin_sealed(conn, &sealed).await?;
        states.extend(hot.into_iter().map(|day| (day, DayState::Hot)));
        states.extend(sealed.into_iter().map(|day| (day, DayState::Sealed)));
    }
    Ok(locked
        .into_iter()
        .map(|d| {
            let hot = d.locked && states.get(&d.day) == Some(&DayState::Hot);
            (d.day, if hot { Target::Hot } else { Target::Late })
        })
        .collect())
}

/// Takes the right to seal, one day at a time in the whole system, and then the day for itself: waits
/// for the batches that are being written, and sends later ones to the late table.
pub(super) async fn close_for_sealing(conn: &mut PgConnection, day: NaiveDate) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock($1, $2)", ALL_DAYS_LOCK, SEAL).execute(&mut *conn).await?;
    sqlx::query!("select pg_advisory_xact_lock($1, $2)", DAY_LOCK, lock_number(day))
        .execute(&mut *conn)
        .await?;
    Ok(())
}

pub(super) async fn states(
    conn: &mut PgConnection,
    days: &[NaiveDate],
) -> Result<HashMap<NaiveDate, DayState>> {
    let rows = sqlx::query!("select day, state from sample_days where day = any($1)", days)
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(|r| Ok((r.day, DayState::parse(&r.state)?))).collect()
}

/// Whether the day's samples are no longer kept, though its means may be.
pub(super) async fn samples_are_pruned(conn: &mut PgConnection, day: NaiveDate) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from sample_days where day = $1 and samples_pruned_at is not null) as "pruned!""#,
        day
    )
    .fetch_one(conn)
    .await?)
}

/// The days between two dates (both included) that have samples, oldest first.
pub(super) async fn known(
    conn: &mut PgConnection,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(NaiveDate, DayState)>> {
    let rows =
        sqlx::query!("select day, state from sample_days where day between $1 and $2 order by day", from, to)
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(|r| Ok((r.day, DayState::parse(&r.state)?))).collect()
}

/// What the samples of some days take, roughly, once they are read: a row of a hot or late table takes as
/// much there as it does in memory, and a sealed sample is counted as such a row.
pub(super) async fn bytes(conn: &mut PgConnection, from: NaiveDate, to: NaiveDate) -> Result<i64> {
    let hot: Vec<String> = from.iter_days().take_while(|day| *day <= to).map(table_name).collect();
    Ok(sqlx::query_scalar!(
        r#"select ((select coalesce(sum(pg_relation_size(to_regclass(hot))), 0) from unnest($1::text[]) hot)
                + $2 * (select count(*) from late_samples
                        where at >= $3::date::timestamp at time zone 'UTC'
                          and at < ($4::date + 1)::timestamp at time zone 'UTC')
                + $2 * (select coalesce(sum(count), 0) from sample_blocks where day between $3 and $4)
               )::bigint as "bytes!""#,
        &hot,
        BYTES_PER_ROW,
        from,
        to
    )
    .fetch_one(conn)
    .await?)
}

/// Which new days get a table, and which are past ones that do without: their samples wait in the late table until
/// sealing merges them. Whoever reads all samples locks each table, and PostgreSQL has only so many locks.
async fn apportion(
    conn: &mut PgConnection,
    mut missing: Vec<NaiveDate>,
) -> Result<(Vec<NaiveDate>, Vec<NaiveDate>)> {
    let known = sqlx::query!(
        r#"select count(*) as "count!", max(day) as newest from sample_days where state = 'hot'"#
    )
    .fetch_one(conn)
    .await?;
    missing.sort_unstable_by(|a, b| b.cmp(a));
    let room = MOST_HOT_DAYS.saturating_sub(usize::try_from(known.count).unwrap_or(usize::MAX));
    // The newest day of all always has one.
    let newest = missing.partition_point(|day| known.newest.is_none_or(|known| *day > known)).min(1);
    let past = missing.split_off(room.max(newest).min(missing.len()));
    Ok((missing, past))
}

/// Makes days that are sealed from their beginning.
async fn begin_sealed(conn: &mut PgConnection, days: &[NaiveDate]) -> Result<()> {
    sqlx::query!(
        "insert into sample_days (day, state, sealed_at)
         select day, 'sealed', now() from unnest($1::date[]) as d(day) order by day on conflict (day) do nothing",
        days
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn make_tables(conn: &mut PgConnection, days: &[NaiveDate]) -> Result<()> {
    if days.is_empty() {
        return Ok(());
    }
    // "if not exists" is no protection against two who make the same table at once.
    sqlx::query!("select pg_advisory_xact_lock($1, $2)", ALL_DAYS_LOCK, MAKE_TABLES)
        .execute(&mut *conn)
        .await?;
    for day in days {
        let (table, from, to) = (table_name(*day), midnight(*day), midnight(*day + Duration::days(1)));
        // Nothing is ever updated or deleted here, so vacuum has nothing to do until the table is dropped.
        let sql = format!(
            "create table if not exists {table} (check (at >= '{}' and at < '{}')) inherits (samples)
             with (autovacuum_vacuum_insert_threshold = -1)",
            from.to_rfc3339(),
            to.to_rfc3339()
        );
        conn.execute(AssertSqlSafe(sql)).await?;
    }
    sqlx::query!(
        "insert into sample_days (day, state) select day, 'hot' from unnest($1::date[]) as d(day)
         on conflict (day) do nothing",
        days
    )
    .execute(&mut *conn)
    .await?;
    Ok(())
}

impl Store {
    /// Days whose samples should move into blocks, oldest first: hot days that ended at least `after`
    /// ago, and sealed days that got late samples.
    pub async fn days_to_seal(&self, now: DateTime<Utc>, after: Duration) -> Result<Vec<NaiveDate>> {
        let newest = (now - after).date_naive() - Duration::days(1);
        Ok(sqlx::query_scalar!(
            r#"select day as "day!" from sample_days where state = 'hot' and day <= $1
               union
               select d.day from sample_days d
               join (select distinct (at at time zone 'UTC')::date as day from late_samples) l on l.day = d.day
               where d.state = 'sealed'
               order by 1"#,
            newest
        )
        .fetch_all(self.pool())
        .await?)
    }
}
