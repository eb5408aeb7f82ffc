//! Reading: hot, late and sealed samples as one.
//!
//! No lock is taken. A day's places are read in the order hot, late, blocks, which is the direction in
//! which sealing moves samples: what moves meanwhile is seen twice, never missed.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use futures_util::TryStreamExt;
use pattern_core::domain::Sample;
use sqlx::{PgConnection, Postgres, pool::PoolConnection};
use std::collections::HashMap;

use super::{
    codec,
    copy::{Row, RowReader},
    days::{self, DayState, midnight, table_name},
    merge::{DayParts, DaySamples, merge},
};
use crate::{Result, Store, off_thread};

/// About what the samples may take that are read at once.
const BYTES_PER_READ: i64 = 256 * 1024 * 1024;

/// Which rows of a day to read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Select<'a> {
    /// These points, between two times of the day (both included).
    Between(&'a [i32], DateTime<Utc>, DateTime<Utc>),
    /// The points whose key leaves `rest` when divided by `parts`.
    Part { parts: i32, rest: i32 },
}

impl<'a> Select<'a> {
    pub fn day_of(keys: &'a [i32], day: NaiveDate) -> Self {
        Self::Between(keys, midnight(day), midnight(day + Duration::days(1)) - Duration::microseconds(1))
    }
}

impl Store {
    /// Samples from `from` up to but not including `to`, one list per key in the order of `keys`, each
    /// sorted by time. A point without samples gives an empty list.
    pub async fn read_samples(
        &self,
        keys: &[i32],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Vec<Sample>>> {
        let mut series: HashMap<i32, Vec<Sample>> = keys.iter().map(|key| (*key, Vec::new())).collect();
        for (day, _) in self.known_days(from.date_naive(), to.date_naive()).await? {
            let first = from.max(midnight(day));
            let last = to.min(midnight(day + Duration::days(1))) - Duration::microseconds(1);
            if last < first {
                continue;
            }
            for (key, samples) in self.read_day(day, Select::Between(keys, first, last)).await? {
                let wanted = samples.into_iter().filter(|s| (first..=last).contains(&s.at));
                series.entry(key).or_default().extend(wanted);
            }
        }
        Ok(keys.iter().map(|key| series.remove(key).unwrap_or_default()).collect())
    }

    /// How many of `points` points to read at once from `from` to `to`: as many as memory allows, for each
    /// reading goes through the hot days whole.
    pub async fn points_per_read(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        points: usize,
    ) -> Result<usize> {
        let mut conn = self.pool().acquire().await?;
        let bytes = days::bytes(&mut conn, from.date_naive(), to.date_naive()).await?;
        let reads = usize::try_from(bytes / BYTES_PER_READ).unwrap_or(0) + 1;
        Ok(points.div_ceil(reads).max(1))
    }

    /// The days between two dates (both included) that have samples, oldest first.
    pub(super) async fn known_days(
        &self,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(NaiveDate, DayState)>> {
        let mut conn = self.pool().acquire().await?;
        days::known(&mut conn, from, to).await
    }

    /// One day's samples. Blocks hold whole days, so a point that has one may bring samples outside of
    /// the selected times.
    pub(super) async fn read_day(&self, day: NaiveDate, select: Select<'_>) -> Result<DaySamples> {
        let parts = match self.day_parts(day, select).await {
            // Sealed and dropped since we looked for its table; what it held is in the blocks now.
            Err(error) if days::is_gone(&error) => self.day_parts(day, select).await?,
            other => other?,
        };
        merge_off_thread(day, parts).await
    }

    async fn day_parts(&self, day: NaiveDate, select: Select<'_>) -> Result<DayParts> {
        let mut copying = Copying::begin(self).await?;
        let parts = day_parts(&mut copying.conn, day, select).await?;
        copying.ended();
        Ok(parts)
    }
}

/// A connection to copy on. After a copy that failed, or that nobody read to its end because the
/// reader was dropped, sqlx and the server disagree about whose turn it is: every later answer would
/// be that to the question before. So the connection goes back to its pool only once all has ended well.
pub(super) struct Copying {
    pub conn: PoolConnection<Postgres>,
    ended: bool,
}

impl Copying {
    pub async fn begin(store: &Store) -> Result<Self> {
        Ok(Self { conn: store.pool().acquire().await?, ended: false })
    }

    pub fn ended(mut self) {
        self.ended = true;
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        if !self.ended {
            self.conn.close_on_drop();
        }
    }
}

pub(super) async fn day_parts(
    conn: &mut PgConnection,
    day: NaiveDate,
    select: Select<'_>,
) -> Result<DayParts> {
    let hot = read_hot(conn, day, select).await?;
    let late = read_late(conn, day, select).await?;
    let blocks = read_blocks(conn, day, select).await?;
    Ok(DayParts { hot, late, blocks })
}

pub(super) async fn merge_off_thread(day: NaiveDate, parts: DayParts) -> Result<DaySamples> {
    off_thread(move || merge(parts, |bytes| codec::decode_block(day, bytes))).await?
}

/// Rows of the day's hot table; none where there is no such table (any more).
pub(super) async fn read_hot(
    conn: &mut PgConnection,
    day: NaiveDate,
    select: Select<'_>,
) -> Result<Vec<Row>> {
    let table = table_name(day);
    let exists = sqlx::query_scalar!(r#"select to_regclass($1) is not null as "exists!""#, table)
        .fetch_one(&mut *conn)
        .await?;
    if !exists {
        return Ok(Vec::new());
    }
    // COPY takes no parameters; all that is put in are numbers and times.
    let condition = match select {
        Select::Between(keys, first, last) => {
            let keys = keys.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
            let (first, last) = (first.to_rfc3339(), last.to_rfc3339());
            format!("point = any('{{{keys}}}'::int[]) and at between '{first}' and '{last}'")
        }
        Select::Part { parts, rest } => format!("point % {parts} = {rest}"),
    };
    let statement = format!(
        "copy (select at, value, batch, point, quality from {table} where {condition}) to stdout (format binary)"
    );
    let (mut reader, mut rows) = (RowReader::default(), Vec::new());
    let mut stream = conn.copy_out_raw(&statement).await?;
    while let Some(piece) = stream.try_next().await? {
        reader.feed(&piece, &mut rows)?;
    }
    reader.end()?;
    Ok(rows)
}

async fn read_late(conn: &mut PgConnection, day: NaiveDate, select: Select<'_>) -> Result<Vec<Row>> {
    let (from, to) = (midnight(day), midnight(day + Duration::days(1)));
    let rows = match select {
        Select::Between(keys, first, last) => {
            sqlx::query_as!(
                LateRow,
                "select at, value, batch, point, quality from late_samples
                 where at between $1 and $2 and point = any($3)",
                first,
                last,
                keys
            )
            .fetch_all(conn)
            .await?
        }
        Select::Part { parts, rest } => {
            sqlx::query_as!(
                LateRow,
                "select at, value, batch, point, quality from late_samples
                 where at >= $1 and at < $2 and point % $3 = $4",
                from,
                to,
                parts,
                rest
            )
            .fetch_all(conn)
            .await?
        }
    };
    Ok(rows.into_iter().map(Row::from).collect())
}

pub(super) struct LateRow {
    pub at: DateTime<Utc>,
    pub value: f64,
    pub batch: i64,
    pub point: i32,
    pub quality: i16,
}

impl From<LateRow> for Row {
    fn from(row: LateRow) -> Self {
        Self {
            at_micros: row.at.timestamp_micros(),
            value: row.value,
            batch: row.batch,
            point: row.point,
            quality: row.quality,
        }
    }
}

pub(super) async fn read_blocks(
    conn: &mut PgConnection,
    day: NaiveDate,
    select: Select<'_>,
) -> Result<Vec<(i32, Vec<u8>)>> {
    Ok(match select {
        Select::Between(keys, ..) => sqlx::query!(
            "select point, data from sample_blocks where day = $1 and point = any($2)",
            day,
            keys
        )
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(|r| (r.point, r.data))
        .collect(),
        Select::Part { parts, rest } => sqlx::query!(
            "select point, data from sample_blocks where day = $1 and point % $2 = $3",
            day,
            parts,
            rest
        )
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(|r| (r.point, r.data))
        .collect(),
    })
}
