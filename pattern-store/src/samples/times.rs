//! How the samples of a data source lie in time, told from some of its points.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use pattern_core::series::frame::PointTimes;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use uuid::Uuid;

use super::{
    codec,
    days::{DayState, is_gone, midnight, table_name},
};
use crate::{Result, Store, off_thread};

/// So many points, spread evenly over all, tell what most do.
const POINTS: usize = 128;
/// Who is silent when the window begins may have begun before it: on tables of days one looks back so much further. (The
/// index of sealed days knows it anyway.)
const FURTHER_BACK: Duration = Duration::days(14);

/// By point key.
type Times = HashMap<i32, PointTimes>;

/// The days of a point that are sealed.
struct Sealed {
    point: i32,
    first: NaiveDate,
    last: NaiveDate,
    /// Within the window.
    samples: i64,
}

impl Store {
    /// Of some points of the data source that have samples since the day of `since`, when these begin and end and how
    /// many there are, as far as it matters to a window that begins on that day. Of long data only the index of the sealed days is read.
    pub async fn point_times(
        &self,
        data_source: Uuid,
        since: DateTime<Utc>,
        newest: DateTime<Utc>,
    ) -> Result<Vec<PointTimes>> {
        let keys: Vec<i32> =
            sqlx::query_scalar!("select key from points where data_source_id = $1 order by key", data_source)
                .fetch_all(self.pool())
                .await?;
        let some: Vec<i32> = keys.iter().step_by(keys.len().div_ceil(POINTS).max(1)).copied().collect();
        let found = self.times(&some, since.date_naive(), newest).await?;
        if found.is_empty() && some.len() < keys.len() {
            // Few points have samples at all.
            return self.times(&keys, since.date_naive(), newest).await;
        }
        Ok(found)
    }

    async fn times(&self, keys: &[i32], since: NaiveDate, newest: DateTime<Utc>) -> Result<Vec<PointTimes>> {
        loop {
            let sealed = self.sealed_days(keys, since).await?;
            let (long, short): (Vec<Sealed>, Vec<Sealed>) =
                sealed.into_iter().partition(|days| days.first <= since);
            // What is long goes on as it did.
            if long.len() > short.len() {
                return Ok(long.iter().map(|days| going_on(days, since, newest)).collect());
            }
            let mut times: Times =
                long.iter().map(|days| (days.point, going_on(days, since, newest))).collect();
            times.extend(self.sealed_times(short).await?);
            let further = since - FURTHER_BACK;
            self.add_late_times(keys, further, &mut times).await?;
            match self.add_hot_times(keys, further, newest, &mut times).await {
                // Sealed since we looked.
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    let in_window = times.into_values().filter(|point| point.last >= midnight(since));
                    return Ok(in_window.collect());
                }
            }
        }
    }

    async fn sealed_days(&self, keys: &[i32], since: NaiveDate) -> Result<Vec<Sealed>> {
        Ok(sqlx::query_as!(
            Sealed,
            r#"select k.point as "point!", earliest.day as "first!", within.last as "last!", within.samples as "samples!"
               from unnest($1::int[]) as k(point)
               cross join lateral (select day from sample_blocks b where b.point = k.point order by day limit 1) earliest
               cross join lateral (select max(day) as last, sum(count)::bigint as samples from sample_blocks b
                                   where b.point = k.point and b.day >= $2) within
               where within.last is not null"#,
            keys,
            since
        )
        .fetch_all(self.pool())
        .await?)
    }

    /// To the sample: the first block and the last of each are opened.
    async fn sealed_times(&self, days: Vec<Sealed>) -> Result<Times> {
        let ends = |end: fn(&Sealed) -> NaiveDate| days.iter().map(end).collect::<Vec<_>>();
        let blocks = sqlx::query!(
            r#"select b.point, b.day, b.data from sample_blocks b
               join unnest($1::int[], $2::date[], $3::date[]) as d(point, first, last)
                 on b.point = d.point and b.day in (d.first, d.last)"#,
            &days.iter().map(|days| days.point).collect::<Vec<_>>(),
            &ends(|days| days.first),
            &ends(|days| days.last)
        )
        .fetch_all(self.pool())
        .await?;
        off_thread(move || {
            let samples: HashMap<i32, i64> = days.iter().map(|days| (days.point, days.samples)).collect();
            let mut times = Times::new();
            for block in blocks {
                let opened = codec::decode_block(block.day, &block.data)?;
                let (Some(first), Some(last)) = (opened.first(), opened.last()) else { continue };
                // Each block brings the ends, and the count belongs to both.
                let samples = if times.contains_key(&block.point) { 0 } else { samples[&block.point] };
                add(&mut times, block.point, PointTimes { first: first.at, last: last.at, samples });
            }
            Ok(times)
        })
        .await?
    }

    async fn add_late_times(&self, keys: &[i32], since: NaiveDate, times: &mut Times) -> Result<()> {
        let late = sqlx::query!(
            r#"select point, min(at) as "first!", max(at) as "last!", count(distinct at) as "samples!"
               from late_samples where at >= $2 and point = any($1) group by point"#,
            keys,
            midnight(since)
        )
        .fetch_all(self.pool())
        .await?;
        for row in late {
            add(times, row.point, PointTimes { first: row.first, last: row.last, samples: row.samples });
        }
        Ok(())
    }

    async fn add_hot_times(
        &self,
        keys: &[i32],
        since: NaiveDate,
        newest: DateTime<Utc>,
        times: &mut Times,
    ) -> Result<()> {
        let days = self.known_days(since, newest.date_naive()).await?;
        for (day, _) in days.into_iter().filter(|(_, state)| *state == DayState::Hot) {
            let statement = format!(
                "select point, min(at), max(at), count(distinct at) from {} where point = any($1) group by point",
                table_name(day)
            );
            let found: Vec<(i32, DateTime<Utc>, DateTime<Utc>, i64)> =
                sqlx::query_as(AssertSqlSafe(statement)).bind(keys).fetch_all(self.pool()).await?;
            for (point, first, last, samples) in found {
                add(times, point, PointTimes { first, last, samples });
            }
        }
        Ok(())
    }
}

fn add(times: &mut Times, point: i32, more: PointTimes) {
    let known = times.entry(point).or_insert(PointTimes { samples: 0, ..more });
    known.first = known.first.min(more.first);
    known.last = known.last.max(more.last);
    known.samples += more.samples;
}

/// As if the point began with the window, and went on to the newest sample as it did on its sealed days.
fn going_on(days: &Sealed, since: NaiveDate, newest: DateTime<Utc>) -> PointTimes {
    let (first, sealed_until) = (midnight(since), midnight(days.last + Duration::days(1)));
    let last = newest.max(sealed_until);
    let longer = (last - first).as_seconds_f64() / (sealed_until - first).as_seconds_f64();
    PointTimes { first, last, samples: (days.samples as f64 * longer).round() as i64 }
}
