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

/// So many days are written by one transaction. Each day takes a few of PostgreSQL's locks, and all
/// transactions together have no more than `max_locks_per_transaction` (64) for each connection.
const DAYS_AT_ONCE: usize = 64;

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

    pub(crate) fn add(&mut self, other: Self) {
        self.hot += other.hot;
        self.late += other.late;
    }
}

impl Store {
    /// Writes the samples in transactions of their own; they are durable when it returns. When it fails,
    /// some days' samples may have been written.
    pub async fn append_samples(&self, samples: &[KeyedSample]) -> Result<AppendedSamples> {
        let samples = sorted_and_distinct(samples);
        let (last, before) = parts_to_append(&samples);
        let mut appended = AppendedSamples::default();
        for part in before.into_iter().chain([last]) {
            let mut tx = self.pool().begin().await?;
            appended.add(append_samples(&mut tx, part).await?);
            tx.commit().await?;
        }
        Ok(appended)
    }
}

/// The samples as `append_samples` wants them.
pub(crate) fn sorted_and_distinct(samples: &[KeyedSample]) -> Cow<'_, [KeyedSample]> {
    if is_sorted_and_distinct(samples) {
        return Cow::Borrowed(samples);
    }
    let mut sorted = samples.to_vec();
    sort_and_dedupe(&mut sorted);
    Cow::Owned(sorted)
}

/// Cuts sorted samples into parts that one transaction each can hold: the last one, and those before it.
pub(crate) fn parts_to_append(samples: &[KeyedSample]) -> (&[KeyedSample], Vec<&[KeyedSample]>) {
    let (mut rest, mut before) = (samples, Vec::new());
    while let Some(full) = end_of_days(rest, DAYS_AT_ONCE).filter(|end| *end < rest.len()) {
        let (part, more) = rest.split_at(full);
        before.push(part);
        rest = more;
    }
    (rest, before)
}

/// Where the first `days` days end; `None` where there are fewer.
fn end_of_days(samples: &[KeyedSample], days: usize) -> Option<usize> {
    let lengths = samples.chunk_by(|a, b| a.day() == b.day()).take(days).map(<[_]>::len);
    let (count, end) = lengths.fold((0, 0), |(count, end), length| (count + 1, end + length));
    (count == days).then_some(end)
}

/// Writes the samples as one batch within the caller's transaction, at most once per transaction. Of
/// samples with the same point and time the last one of the slice counts, and it wins over what is
/// stored. Samples that went through `sort_and_dedupe` are taken as they are; others are sorted here. They
/// must not be of more days than one transaction can hold.
pub async fn append_samples(conn: &mut PgConnection, samples: &[KeyedSample]) -> Result<AppendedSamples> {
    let samples = sorted_and_distinct(samples);
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Duration};

    fn daily(days: i64) -> Vec<KeyedSample> {
        let at = |day| DateTime::UNIX_EPOCH + Duration::days(10_000 + day);
        (0..days)
            .flat_map(|day| [1, 2].map(|key| KeyedSample { key, at: at(day), value: 0.0, quality: 0 }))
            .collect()
    }

    #[test]
    fn samples_are_cut_where_a_transaction_has_enough_days() {
        for (days, parts) in [(0, 1), (1, 1), (64, 1), (65, 2), (128, 2), (129, 3), (1000, 16)] {
            let samples = daily(days);
            let (last, before) = parts_to_append(&samples);
            assert_eq!(before.len() + 1, parts, "{days} days");
            assert!(before.iter().all(|part| part.len() == 2 * DAYS_AT_ONCE));
            assert_eq!([before.concat(), last.to_vec()].concat(), samples);
        }
    }
}
