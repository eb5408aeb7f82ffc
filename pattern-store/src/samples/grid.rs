//! Reading a data source as a grid.
//!
//! Of buckets of 15 minutes a sealed day's means are read; those of other days, and of points that got late samples, are
//! made from the samples by the same function, so sealing changes no bit. Coarser buckets are means of those, finer ones
//! are made from samples.

use chrono::{Duration, NaiveDate};
use futures_util::{StreamExt, TryStreamExt, stream};
use pattern_core::{
    domain::Sample,
    series::{
        frame::{Frame, ROLLUP_SECONDS},
        grid::{Grid, coarser, row},
    },
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

use super::{
    codec::{self, Buckets, STALE_AFTER},
    days::{DayState, midnight},
    reader::Select,
};
use crate::{Result, Store, StoreError, off_thread};

/// PostgreSQL reads some days while others are decoded.
const DAYS_AT_ONCE: usize = 3;

/// What goes over midnight, by point key.
type Carry = HashMap<i32, Sample>;

impl Store {
    /// A row for each point of the data source, in the order of their names. Buckets that are no finer than
    /// those of 15 minutes are made of them, and lie within a UTC day each.
    pub async fn read_grid(&self, data_source_id: Uuid, frame: Frame) -> Result<Grid> {
        let points = self.stored_points(data_source_id).await?;
        let keys: Vec<i32> = points.iter().map(|p| p.key).collect();
        let Frame { start, bucket_seconds, buckets } = frame;
        let mut grid = Grid {
            start,
            bucket_seconds,
            buckets,
            points: points.iter().map(|p| p.id).collect(),
            values: vec![f32::NAN; keys.len() * buckets],
        };
        if bucket_seconds < ROLLUP_SECONDS {
            self.read_fine(&keys, frame, &mut grid.values).await?;
        } else {
            self.read_days(data_source_id, &keys, &mut grid).await?;
        }
        Ok(grid)
    }

    /// Rows that are made from samples, from one to the next.
    async fn read_fine(&self, keys: &[i32], frame: Frame, values: &mut [f32]) -> Result<()> {
        let (from, to) = (frame.start - STALE_AFTER, frame.end());
        let points_per_read = self.points_per_read(from, to, keys.len()).await?;
        let rows = values.chunks_mut(points_per_read * frame.buckets);
        for (keys, rows) in keys.chunks(points_per_read).zip(rows) {
            let series = self.read_samples(keys, from, to).await?;
            let made = off_thread(move || {
                series.iter().flat_map(|samples| row(&frame, samples, STALE_AFTER)).collect::<Vec<f32>>()
            });
            rows.copy_from_slice(&made.await?);
        }
        Ok(())
    }

    /// Rows that are made of days.
    async fn read_days(&self, data_source_id: Uuid, keys: &[i32], grid: &mut Grid) -> Result<()> {
        let (start, end) = (grid.start, grid.end());
        let rows: HashMap<i32, usize> = keys.iter().enumerate().map(|(row, key)| (*key, row)).collect();

        let (first, last) = (start.date_naive(), (end - Duration::seconds(1)).date_naive());
        let states: HashMap<NaiveDate, DayState> =
            self.known_days(first - Duration::days(1), last).await?.into_iter().collect();
        let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= last).collect();
        let is_kept = |day: &NaiveDate| {
            let before = states.get(&(*day - Duration::days(1)));
            states.get(day) == Some(&DayState::Sealed) && before != Some(&DayState::Hot)
        };
        let filled = Mutex::new(grid);
        let place_day = |day: NaiveDate, made: Vec<(i32, Buckets)>| {
            let mut grid = filled.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, buckets) in made {
                if let Some(row) = rows.get(&key) {
                    place(&mut grid, *row, day, &buckets);
                }
            }
        };
        let kept = async {
            let days = stream::iter(days.iter().copied().filter(is_kept));
            let read = days
                .map(|day| async move { Ok((day, self.sealed_buckets(data_source_id, keys, day).await?)) });
            read.buffer_unordered(DAYS_AT_ONCE)
                .try_for_each(async |(day, made)| {
                    place_day(day, made);
                    Ok(())
                })
                .await
        };
        let made = async {
            // What the day before brought over midnight, where that is known for every point.
            let mut carry: Option<Carry> = None;
            for day in &days {
                if is_kept(day) {
                    carry = None;
                    continue;
                }
                let (made, out) = self.make_buckets(*day, keys, carry.take()).await?;
                carry = Some(out);
                place_day(*day, made);
            }
            Ok::<_, StoreError>(())
        };
        tokio::try_join!(kept, made)?;
        Ok(())
    }

    /// Means of a sealed day whose day before is sealed too or has no samples.
    async fn sealed_buckets(
        &self,
        data_source_id: Uuid,
        keys: &[i32],
        day: NaiveDate,
    ) -> Result<Vec<(i32, Buckets)>> {
        // Before the means: what is merged in between is then made from samples, which is right as well.
        let late: Vec<i32> = sqlx::query_scalar!(
            "select distinct point from late_samples where point = any($1) and at >= $2 and at < $3",
            keys,
            midnight(day - Duration::days(1)),
            midnight(day + Duration::days(1))
        )
        .fetch_all(self.pool())
        .await?;
        // Thousands in a row: to take a row apart costs more than to decode a day.
        let rollups = sqlx::query!(
            r#"select array_agg(r.point) as "points!", array_agg(r.data) as "data!"
               from rollup_blocks r join points p on p.key = r.point
               where r.day = $1 and p.data_source_id = $2 group by r.point >> 12"#,
            day,
            data_source_id
        )
        .fetch_all(self.pool())
        .await?;
        let outdated: HashSet<i32> = late.iter().copied().collect();
        let mut made = off_thread(move || {
            let all = rollups.into_iter().flat_map(|r| r.points.into_iter().zip(r.data));
            let current = all.filter(|(point, _)| !outdated.contains(point));
            current.map(|(point, data)| Ok((point, codec::decode_rollup(&data)?))).collect::<Result<Vec<_>>>()
        })
        .await??;
        if !late.is_empty() {
            made.extend(self.make_buckets(day, &late, None).await?.0);
        }
        Ok(made)
    }

    /// Makes a day's means from its samples, and says what goes over the next midnight. `carry_in` is
    /// read where it is not known.
    async fn make_buckets(
        &self,
        day: NaiveDate,
        keys: &[i32],
        carry_in: Option<Carry>,
    ) -> Result<(Vec<(i32, Buckets)>, Carry)> {
        let yesterday = day - Duration::days(1);
        let known = carry_in.is_some();
        let mut carry_in = carry_in.unwrap_or_default();
        let (mut made, mut carry_out) = (Vec::with_capacity(keys.len()), Carry::new());
        let points_per_read = self.points_per_read(midnight(day), midnight(day), keys.len()).await?;
        for keys in keys.chunks(points_per_read) {
            if !known {
                let before = self.read_day(yesterday, Select::day_of(keys, yesterday)).await?;
                carry_in.extend(before.iter().filter_map(|(key, s)| Some((*key, codec::carry_out(s)?))));
            }
            let samples = self.read_day(day, Select::day_of(keys, day)).await?;
            carry_out.extend(samples.iter().filter_map(|(key, s)| Some((*key, codec::carry_out(s)?))));
            let holding: HashMap<i32, Sample> =
                keys.iter().filter_map(|key| Some((*key, *carry_in.get(key)?))).collect();
            let keys = keys.to_vec();
            made.extend(
                off_thread(move || {
                    let known = keys.iter().filter(|k| samples.contains_key(k) || holding.contains_key(k));
                    let buckets = |key: &i32| {
                        let samples = samples.get(key).map(Vec::as_slice).unwrap_or_default();
                        (*key, codec::day_buckets(day, holding.get(key).copied(), samples))
                    };
                    known.map(buckets).collect::<Vec<_>>()
                })
                .await?,
            );
        }
        Ok((made, carry_out))
    }
}

/// Copies the part of a day that lies within the grid.
fn place(grid: &mut Grid, row: usize, day: NaiveDate, buckets: &Buckets) {
    let offset = (midnight(day) - grid.start).num_seconds() / grid.bucket_seconds;
    let (row_start, width) = (row * grid.buckets, grid.buckets);
    let parts = usize::try_from(grid.bucket_seconds / ROLLUP_SECONDS).unwrap_or(1);
    for (bucket, value) in coarser(buckets, parts).enumerate() {
        let column = offset + bucket as i64;
        if let Some(column) = usize::try_from(column).ok().filter(|column| *column < width) {
            grid.values[row_start + column] = value;
        }
    }
}
