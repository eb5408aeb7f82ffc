//! Sealing: a closed day's samples become blocks, in one transaction.
//!
//! The transaction holds the day's lock from before it reads until it commits, so every sample is
//! either in the hot table that is read here or goes to the late table, which the next sealing merges.

use chrono::{Duration, NaiveDate};
use pattern_core::domain::Sample;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::collections::{HashMap, HashSet};

use super::{
    codec,
    copy::Row,
    days::{self, DayState, midnight, table_name},
    merge::{DayParts, DaySamples, merge},
    reader::{self, Copying, LateRow, Select},
};
use crate::{Result, Store, off_thread};

/// A day is sealed in parts whose samples take about so many bytes, to bound the memory.
const BYTES_PER_PART: i64 = 128 * 1024 * 1024;
const ROWS_PER_STATEMENT: usize = 2_000;

/// What a sealing wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SealedDay {
    pub points: u64,
    pub samples: u64,
    /// Late samples that were merged.
    pub late: u64,
    /// Late samples of a day whose samples are not kept any more.
    pub dropped: u64,
    /// In how many steps, to bound the memory; 0 where there was nothing to do.
    pub parts: u32,
}

impl Store {
    /// Moves a day's hot and late samples into blocks and keeps its 15-minute means. Sealing a day
    /// again merges what came late; where nothing came it changes nothing. A day that is not over must
    /// not be sealed: all its later samples would be late.
    pub async fn seal_day(&self, day: NaiveDate) -> Result<SealedDay> {
        let mut copying = Copying::begin(self).await?;
        let sealed = seal(&mut copying.conn, day).await?;
        copying.ended();
        Ok(sealed)
    }
}

async fn seal(conn: &mut PgConnection, day: NaiveDate) -> Result<SealedDay> {
    let mut tx = conn.begin().await?;
    days::close_for_sealing(&mut tx, day).await?;
    let next_day = day + Duration::days(1);
    let states = days::states(&mut tx, &[day, next_day]).await?;
    let Some(state) = states.get(&day).copied() else {
        return Ok(SealedDay::default());
    };
    if days::samples_are_pruned(&mut tx, day).await? {
        let dropped = drop_late(&mut tx, day).await?;
        tx.commit().await?;
        if dropped > 0 {
            tracing::warn!(%day, dropped, "samples came late for a day whose samples are no longer kept");
        }
        return Ok(SealedDay { dropped, ..SealedDay::default() });
    }
    let next_is_sealed = states.get(&next_day) == Some(&DayState::Sealed);
    let bytes = days::bytes(&mut tx, day, day).await?;
    let parts = i32::try_from(bytes / BYTES_PER_PART + 1).unwrap_or(i32::MAX);

    let mut total = SealedDay::default();
    for rest in 0..parts {
        let part = Select::Part { parts, rest };
        let hot = if state == DayState::Hot { reader::read_hot(&mut tx, day, part).await? } else { vec![] };
        let late = take_late(&mut tx, day, parts, rest).await?;
        let sealed = seal_part(&mut tx, day, state, part, hot, late, next_is_sealed).await?;
        total.points += sealed.points;
        total.samples += sealed.samples;
        total.late += sealed.late;
        total.parts += sealed.parts;
    }
    if state == DayState::Hot {
        tx.execute(AssertSqlSafe(format!("drop table {}", table_name(day)))).await?;
        sqlx::query!("update sample_days set state = 'sealed', sealed_at = now() where day = $1", day)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(total)
}

/// Removes the day's late samples, so that those that come from now on are the only ones left.
async fn take_late(conn: &mut PgConnection, day: NaiveDate, parts: i32, rest: i32) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        LateRow,
        "delete from late_samples where at >= $1 and at < $2 and point % $3 = $4
         returning at, value, batch, point, quality",
        midnight(day),
        midnight(day + Duration::days(1)),
        parts,
        rest
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Row::from).collect())
}

/// Forgets the day's late samples.
pub(super) async fn drop_late(conn: &mut PgConnection, day: NaiveDate) -> Result<u64> {
    let dropped = sqlx::query!(
        "delete from late_samples where at >= $1 and at < $2",
        midnight(day),
        midnight(day + Duration::days(1))
    )
    .execute(conn)
    .await?;
    Ok(dropped.rows_affected())
}

async fn seal_part(
    conn: &mut PgConnection,
    day: NaiveDate,
    state: DayState,
    part: Select<'_>,
    hot: Vec<Row>,
    late: Vec<Row>,
    next_is_sealed: bool,
) -> Result<SealedDay> {
    let late_count = late.len() as u64;
    let with_late: Vec<i32> = late.iter().map(|r| r.point).collect::<HashSet<_>>().into_iter().collect();
    // A day that is sealed for the first time has means for every point whose value is known at its
    // start; one that is sealed again changes only where something came late.
    let (blocks, before) = match state {
        DayState::Hot => (Vec::new(), part),
        DayState::Sealed if with_late.is_empty() => return Ok(SealedDay::default()),
        DayState::Sealed => {
            let select = Select::day_of(&with_late, day);
            (
                reader::read_blocks(conn, day, select).await?,
                Select::day_of(&with_late, day - Duration::days(1)),
            )
        }
    };
    let carry_in = carry_out_of(conn, day - Duration::days(1), before).await?;
    let parts = DayParts { hot, late, blocks };
    let sealed = off_thread(move || encode(day, parts, carry_in)).await??;
    write_blocks(conn, day, &sealed.blocks).await?;
    write_rollups(conn, day, &sealed.rollups).await?;

    if next_is_sealed {
        carry_into(conn, day + Duration::days(1), sealed.carry_out).await?;
    }
    Ok(SealedDay {
        points: sealed.blocks.len() as u64,
        samples: sealed.samples,
        late: late_count,
        dropped: 0,
        parts: 1,
    })
}

/// The last sample of each point of a day, where its value holds over midnight.
async fn carry_out_of(
    conn: &mut PgConnection,
    day: NaiveDate,
    select: Select<'_>,
) -> Result<HashMap<i32, Sample>> {
    let parts = reader::day_parts(conn, day, select).await?;
    off_thread(move || {
        let samples = merge(parts, |bytes| codec::decode_block(day, bytes))?;
        Ok(samples.iter().filter_map(|(key, s)| Some((*key, codec::carry_out(s)?))).collect())
    })
    .await?
}

struct Block {
    key: i32,
    count: i32,
    data: Vec<u8>,
}

/// A point's means of a day; `None` where there is nothing but gaps.
struct Rollup {
    key: i32,
    data: Option<Vec<u8>>,
}

struct Encoded {
    blocks: Vec<Block>,
    rollups: Vec<Rollup>,
    samples: u64,
    /// For every point that has samples: what goes over midnight.
    carry_out: HashMap<i32, Option<Sample>>,
}

fn encode(day: NaiveDate, parts: DayParts, carry_in: HashMap<i32, Sample>) -> Result<Encoded> {
    let series: DaySamples = merge(parts, |bytes| codec::decode_block(day, bytes))?;
    let mut encoded =
        Encoded { blocks: Vec::new(), rollups: Vec::new(), samples: 0, carry_out: HashMap::new() };
    for (key, samples) in &series {
        let (key, count) = (*key, samples.len() as i32);
        encoded.blocks.push(Block { key, count, data: codec::encode_block(day, samples) });
        encoded.samples += samples.len() as u64;
        encoded.carry_out.insert(key, codec::carry_out(samples));
    }
    let silent = carry_in.keys().filter(|key| !series.contains_key(*key));
    for key in series.keys().chain(silent) {
        let samples = series.get(key).map(Vec::as_slice).unwrap_or_default();
        let buckets = codec::day_buckets(day, carry_in.get(key).copied(), samples);
        encoded.rollups.push(Rollup { key: *key, data: codec::encode_rollup(&buckets) });
    }
    Ok(encoded)
}

/// Makes the means of a sealed day again after the day before it has changed.
async fn carry_into(
    conn: &mut PgConnection,
    day: NaiveDate,
    carry_in: HashMap<i32, Option<Sample>>,
) -> Result<()> {
    let keys: Vec<i32> = carry_in.keys().copied().collect();
    let blocks = reader::read_blocks(conn, day, Select::day_of(&keys, day)).await?;
    let rollups = off_thread(move || -> Result<Vec<Rollup>> {
        let parts = DayParts { blocks, ..DayParts::default() };
        let series = merge(parts, |bytes| codec::decode_block(day, bytes))?;
        let rollup = |(key, carry_in): (i32, Option<Sample>)| {
            let samples = series.get(&key).map(Vec::as_slice).unwrap_or_default();
            Rollup { key, data: codec::encode_rollup(&codec::day_buckets(day, carry_in, samples)) }
        };
        Ok(carry_in.into_iter().map(rollup).collect())
    })
    .await??;
    write_rollups(conn, day, &rollups).await
}

async fn write_blocks(conn: &mut PgConnection, day: NaiveDate, blocks: &[Block]) -> Result<()> {
    for chunk in blocks.chunks(ROWS_PER_STATEMENT) {
        let keys: Vec<i32> = chunk.iter().map(|b| b.key).collect();
        let counts: Vec<i32> = chunk.iter().map(|b| b.count).collect();
        let data: Vec<Vec<u8>> = chunk.iter().map(|b| b.data.clone()).collect();
        sqlx::query!(
            "insert into sample_blocks (point, day, count, data)
             select key, $1, count, data from unnest($2::int[], $3::int[], $4::bytea[]) as b(key, count, data)
             on conflict (point, day) do update set count = excluded.count, data = excluded.data",
            day,
            &keys,
            &counts,
            &data
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn write_rollups(conn: &mut PgConnection, day: NaiveDate, rollups: &[Rollup]) -> Result<()> {
    let gaps: Vec<i32> = rollups.iter().filter(|r| r.data.is_none()).map(|r| r.key).collect();
    sqlx::query!("delete from rollup_blocks where day = $1 and point = any($2)", day, &gaps)
        .execute(&mut *conn)
        .await?;
    let kept: Vec<(i32, &Vec<u8>)> = rollups.iter().filter_map(|r| Some((r.key, r.data.as_ref()?))).collect();
    for chunk in kept.chunks(ROWS_PER_STATEMENT) {
        let keys: Vec<i32> = chunk.iter().map(|(key, _)| *key).collect();
        let data: Vec<Vec<u8>> = chunk.iter().map(|(_, data)| (*data).clone()).collect();
        sqlx::query!(
            "insert into rollup_blocks (point, day, data)
             select key, $1, data from unnest($2::int[], $3::bytea[]) as b(key, data)
             on conflict (point, day) do update set data = excluded.data",
            day,
            &keys,
            &data
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
