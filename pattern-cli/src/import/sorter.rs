//! Puts samples into the order that the store takes them best (day, point, time) in bounded memory:
//! sorted runs go to temporary files and are merged. Of samples with the same point and time the one
//! that came last counts, wherever in the file the others were; so importing a file again finds
//! exactly what the first import left.

use anyhow::{Context, Result};
use pattern_import::{ReadSample, Symbol};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{BufReader, BufWriter, ErrorKind, Read, Seek, Write},
};

const MICROS_PER_DAY: i64 = 86_400_000_000;
const ROW_BYTES: usize = 4 + 4 + 8 + 8;
/// About 24 MB of samples.
pub const SAMPLES_IN_MEMORY: usize = 1_000_000;

type Order = (i64, u32, i64);

fn order(sample: &ReadSample) -> Order {
    (sample.at_micros.div_euclid(MICROS_PER_DAY), sample.point, sample.at_micros)
}

fn encode(sample: &ReadSample) -> [u8; ROW_BYTES] {
    let mut bytes = [0; ROW_BYTES];
    bytes[..4].copy_from_slice(&sample.point.to_le_bytes());
    bytes[4..8].copy_from_slice(&sample.quality.to_le_bytes());
    bytes[8..16].copy_from_slice(&sample.at_micros.to_le_bytes());
    bytes[16..].copy_from_slice(&sample.value.to_bits().to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; ROW_BYTES]) -> ReadSample {
    let four = |from: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[from + i]));
    let eight = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[from + i]));
    ReadSample {
        point: four(0),
        quality: four(4),
        at_micros: eight(8) as i64,
        value: Symbol::from_bits(eight(16)),
    }
}

pub struct SampleSorter {
    in_memory: usize,
    run: Vec<ReadSample>,
    spilled: Vec<File>,
}

impl SampleSorter {
    pub fn new(in_memory: usize) -> Self {
        Self { in_memory, run: Vec::new(), spilled: Vec::new() }
    }

    pub fn push(&mut self, sample: ReadSample) -> Result<()> {
        if self.run.len() >= self.in_memory {
            self.spill().context("cannot write a temporary file to sort the samples; is the disk full?")?;
        }
        self.run.push(sample);
        Ok(())
    }

    fn spill(&mut self) -> Result<()> {
        // Stable, so that what came last stays last.
        self.run.sort_by_key(order);
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for sample in &self.run {
            out.write_all(&encode(sample))?;
        }
        let mut file = out.into_inner()?;
        file.rewind()?;
        self.spilled.push(file);
        self.run.clear();
        Ok(())
    }

    /// All samples in order, one per point and time.
    pub fn into_sorted(mut self) -> Result<SortedSamples> {
        self.run.sort_by_key(order);
        let mut runs: Vec<Run> = self.spilled.into_iter().map(|f| Run::Spilled(BufReader::new(f))).collect();
        runs.push(Run::Memory(self.run.into_iter()));
        let mut heads = BinaryHeap::new();
        let mut values = Vec::new();
        for (number, run) in runs.iter_mut().enumerate() {
            let head = run.next()?;
            heads.extend(head.map(|sample| Reverse((order(&sample), number))));
            values.push(head);
        }
        Ok(SortedSamples { runs, heads, values })
    }
}

enum Run {
    Spilled(BufReader<File>),
    Memory(std::vec::IntoIter<ReadSample>),
}

impl Run {
    fn next(&mut self) -> Result<Option<ReadSample>> {
        match self {
            Self::Memory(samples) => Ok(samples.next()),
            Self::Spilled(file) => {
                let mut bytes = [0; ROW_BYTES];
                match file.read_exact(&mut bytes) {
                    Ok(()) => Ok(Some(decode(&bytes))),
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
                    Err(error) => Err(error).context("cannot read a temporary file"),
                }
            }
        }
    }
}

/// The merged runs.
pub struct SortedSamples {
    runs: Vec<Run>,
    /// The next sample of each run; of equal ones that of the older run comes first.
    heads: BinaryHeap<Reverse<(Order, usize)>>,
    values: Vec<Option<ReadSample>>,
}

impl SortedSamples {
    fn pop(&mut self) -> Result<Option<ReadSample>> {
        let Some(Reverse((_, number))) = self.heads.pop() else { return Ok(None) };
        let sample = self.values[number].take();
        let next = self.runs[number].next()?;
        self.heads.extend(next.map(|sample| Reverse((order(&sample), number))));
        self.values[number] = next;
        Ok(sample)
    }

    /// Up to `size` samples; empty at the end.
    pub fn next_batch(&mut self, size: usize) -> Result<Vec<ReadSample>> {
        let mut batch: Vec<ReadSample> = Vec::new();
        while let Some(Reverse((next, _))) = self.heads.peek() {
            let repeated = batch.last().is_some_and(|last| order(last) == *next);
            if batch.len() >= size && !repeated {
                break;
            }
            let Some(sample) = self.pop()? else { break };
            if repeated {
                batch.pop();
            }
            batch.push(sample);
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(point: u32, minute: i64, value: f64) -> ReadSample {
        ReadSample {
            point,
            quality: (value as u32) % 3,
            at_micros: minute * 60_000_000,
            value: Symbol::number(value),
        }
    }

    fn sorted(samples: &[ReadSample], in_memory: usize, batch: usize) -> Vec<ReadSample> {
        let mut sorter = SampleSorter::new(in_memory);
        samples.iter().for_each(|s| sorter.push(*s).unwrap());
        let mut merged = sorter.into_sorted().unwrap();
        let mut all = Vec::new();
        loop {
            let next = merged.next_batch(batch).unwrap();
            if next.is_empty() {
                return all;
            }
            all.extend(next);
        }
    }

    #[test]
    fn runs_on_disk_give_the_same_as_memory() {
        let samples: Vec<ReadSample> =
            (0..5_000).map(|i| sample((i * 7 % 11) as u32, (i * 613) % 4_000, i as f64)).collect();
        let in_memory = sorted(&samples, usize::MAX, 10_000);
        assert!(in_memory.windows(2).all(|pair| order(&pair[0]) < order(&pair[1])));
        for (limit, batch) in [(1, 1), (64, 7), (4_999, 500)] {
            assert_eq!(sorted(&samples, limit, batch), in_memory, "{limit} in memory, batches of {batch}");
        }
    }

    #[test]
    fn of_one_point_and_time_the_last_one_counts() {
        let samples =
            [sample(1, 5, 1.0), sample(2, 5, 9.0), sample(1, 5, 2.0), sample(1, 6, 4.0), sample(1, 5, 3.0)];
        for limit in [1, 2, 3, 100] {
            let values: Vec<Symbol> = sorted(&samples, limit, 2).iter().map(|s| s.value).collect();
            assert_eq!(values, [3.0, 4.0, 9.0].map(Symbol::number), "{limit} in memory");
        }
    }
}
