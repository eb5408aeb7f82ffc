//! How a day of samples is kept: delta-encoded times, byte-shuffled values, Snappy.
//!
//! Layout before compression, little-endian: version byte, number of samples (u32), then three columns:
//! times as zigzag LEB128 deltas of microseconds from midnight, values as the 8 byte planes of their f64
//! bits, qualities as runs (count as LEB128, value i16). Byte planes put the slowly changing exponents
//! together, which is what Snappy finds.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

use super::grid::BUCKETS_PER_DAY;
use crate::domain::Sample;

const VERSION: u8 = 1;

/// Why a block cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("block cannot be read: {0}")]
pub struct DamagedBlock(String);

fn damaged(what: impl Into<String>) -> DamagedBlock {
    DamagedBlock(what.into())
}

/// Encodes samples of one UTC day, in any order; they come back in the same one.
pub fn encode_block(day: NaiveDate, samples: &[Sample]) -> Vec<u8> {
    let midnight = midnight(day);
    let mut plain = Vec::with_capacity(samples.len() * 10 + 16);
    plain.push(VERSION);
    plain.extend((samples.len() as u32).to_le_bytes());
    let mut previous = 0;
    for sample in samples {
        let micros = (sample.at - midnight).num_microseconds().unwrap_or(0);
        let delta = micros - previous;
        put_varint(&mut plain, ((delta << 1) ^ (delta >> 63)) as u64);
        previous = micros;
    }
    for plane in 0..8 {
        plain.extend(samples.iter().map(|s| s.value.to_bits().to_le_bytes()[plane]));
    }
    for run in samples.chunk_by(|a, b| a.quality == b.quality) {
        put_varint(&mut plain, run.len() as u64);
        plain.extend(run[0].quality.to_le_bytes());
    }
    compress(&plain)
}

pub fn decode_block(day: NaiveDate, data: &[u8]) -> Result<Vec<Sample>, DamagedBlock> {
    let plain = decompress(data)?;
    let mut rest = plain.as_slice();
    if take(&mut rest, 1)? != [VERSION] {
        return Err(damaged("unknown version"));
    }
    let count = u32::from_le_bytes(take(&mut rest, 4)?.try_into().map_err(|_| damaged("count"))?) as usize;
    // Every sample takes at least nine bytes: a damaged count must not allocate without bound.
    if count > plain.len() / 9 {
        return Err(damaged("count is larger than the block"));
    }
    let midnight = midnight(day);
    let mut times = Vec::with_capacity(count);
    let mut micros = 0_i64;
    for _ in 0..count {
        let zigzag = take_varint(&mut rest)?;
        micros = micros.wrapping_add((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64));
        let at = midnight.checked_add_signed(Duration::microseconds(micros));
        times.push(at.ok_or_else(|| damaged("a time is beyond the calendar"))?);
    }
    let planes = take(&mut rest, count * 8)?;
    let mut samples = Vec::with_capacity(count);
    for (i, at) in times.into_iter().enumerate() {
        let bytes: [u8; 8] = std::array::from_fn(|plane| planes[plane * count + i]);
        samples.push(Sample { at, value: f64::from_bits(u64::from_le_bytes(bytes)), quality: 0 });
    }
    let mut filled = 0;
    while filled < count {
        let run = take_varint(&mut rest)? as usize;
        let quality = i16::from_le_bytes(take(&mut rest, 2)?.try_into().map_err(|_| damaged("quality"))?);
        let part = samples.get_mut(filled..filled.saturating_add(run)).filter(|p| !p.is_empty());
        part.ok_or_else(|| damaged("quality runs do not fit"))?.iter_mut().for_each(|s| s.quality = quality);
        filled += run;
    }
    if rest.is_empty() { Ok(samples) } else { Err(damaged("bytes are left over")) }
}

/// Encodes a day's buckets; gaps come back as gaps.
pub fn encode_rollup(buckets: &[f32; BUCKETS_PER_DAY]) -> Vec<u8> {
    let planes: Vec<u8> =
        (0..4).flat_map(|plane| buckets.iter().map(move |v| v.to_bits().to_le_bytes()[plane])).collect();
    compress(&planes)
}

pub fn decode_rollup(data: &[u8]) -> Result<[f32; BUCKETS_PER_DAY], DamagedBlock> {
    let planes = decompress(data)?;
    if planes.len() != BUCKETS_PER_DAY * 4 {
        return Err(damaged("rollup has the wrong length"));
    }
    Ok(std::array::from_fn(|i| {
        f32::from_bits(u32::from_le_bytes(std::array::from_fn(|plane| planes[plane * BUCKETS_PER_DAY + i])))
    }))
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn compress(plain: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(plain).expect("a day of one point is far below Snappy's 4 GiB")
}

fn decompress(data: &[u8]) -> Result<Vec<u8>, DamagedBlock> {
    snap::raw::Decoder::new().decompress_vec(data).map_err(|e| damaged(e.to_string()))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], DamagedBlock> {
    let (head, tail) = rest.split_at_checked(count).ok_or_else(|| damaged("it ends too early"))?;
    *rest = tail;
    Ok(head)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Result<u64, DamagedBlock> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(damaged("a number is too long"))
}
