//! Appending: one binary COPY a day, under the day's shared lock.

use chrono::NaiveDate;
use sqlx::PgConnection;
use std::borrow::Cow;

use super::{
    KeyedSample,
    copy::{self, Row},
    days::{self, Target},
    is_sorted_and_distinct, sort_and_dedupe,
};
use crate::{Result, Store};

/// COPY data goes to PostgreSQL in pieces of about this many bytes.
const PIECE_BYTES: usize = 256 * 1024;

/// What became of the samples of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AppendedSamples {
    pub hot: u64,
    /// Into a day that is sealed or just being sealed.
    pub late: u64,
}

impl AppendedSamples {
    pub fn total(&self) -> u64 {
        self.hot + self.late
    }
}

impl Store {
    /// Writes the samples in a transaction of their own; they are durable when it returns.
    pub async fn append_samples(&self, samples: &[KeyedSample]) -> Result<AppendedSamples> {
        let mut tx = self.pool().begin().await?;
        let appended = append_samples(&mut tx, samples).await?;
        tx.commit().await?;
        Ok(appended)
    }
}

/// Writes the samples as one batch within the caller's transaction, at most once per transaction. Of
/// samples with the same point and time the last one of the slice counts, and it wins over what is
/// stored. Samples that went through `sort_and_dedupe` are taken as they are; others are sorted here.
pub async fn append_samples(conn: &mut PgConnection, samples: &[KeyedSample]) -> Result<AppendedSamples> {
    let samples = if is_sorted_and_distinct(samples) {
        Cow::Borrowed(samples)
    } else {
        let mut sorted = samples.to_vec();
        sort_and_dedupe(&mut sorted);
        Cow::Owned(sorted)
    };
    let by_day: Vec<(NaiveDate, &[KeyedSample])> =
        samples.chunk_by(|a, b| a.day() == b.day()).map(|group| (group[0].day(), group)).collect();
    if by_day.is_empty() {
        return Ok(AppendedSamples::default());
    }
    let all_days: Vec<NaiveDate> = by_day.iter().map(|(day, _)| *day).collect();
    let targets = days::open_for_writing(conn, &all_days).await?;
    // Taken under the locks: a batch that had to go late is numbered after all that are in the hot table.
    let batch =
        sqlx::query_scalar!(r#"select nextval('sample_batches') as "batch!""#).fetch_one(&mut *conn).await?;

    let mut appended = AppendedSamples::default();
    let mut late: Vec<&[KeyedSample]> = Vec::new();
    for (day, group) in by_day {
        if targets.get(&day) == Some(&Target::Hot) {
            appended.hot += copy_in(conn, &days::table_name(day), &[group], batch).await?;
        } else {
            late.push(group);
        }
    }
    if !late.is_empty() {
        appended.late = copy_in(conn, "late_samples", &late, batch).await?;
    }
    Ok(appended)
}

async fn copy_in(conn: &mut PgConnection, table: &str, groups: &[&[KeyedSample]], batch: i64) -> Result<u64> {
    let statement = format!("copy {table} (at, value, batch, point, quality) from stdin (format binary)");
    let mut target = conn.copy_in_raw(&statement).await?;
    let mut bytes = Vec::with_capacity(PIECE_BYTES + copy::ROW_BYTES);
    copy::start(&mut bytes);
    for group in groups {
        for sample in *group {
            copy::push(&mut bytes, &row(sample, batch));
            if bytes.len() >= PIECE_BYTES {
                target.send(bytes.as_slice()).await?;
                bytes.clear();
            }
        }
    }
    copy::finish(&mut bytes);
    target.send(bytes.as_slice()).await?;
    Ok(target.finish().await?)
}

fn row(sample: &KeyedSample, batch: i64) -> Row {
    Row {
        at_micros: sample.at.timestamp_micros(),
        value: sample.value,
        batch,
        point: sample.key,
        quality: sample.quality,
    }
}
