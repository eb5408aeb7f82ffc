//! What the beginning of a file tells of the rest: its times, decimal sign, order and quality column.

use anyhow::Result;
use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashSet},
    hash::BuildHasher,
};

use crate::{
    date_order::{ColumnOrder, OrderFound},
    decimals::DecimalSigns,
    record::{Enough, RawPoint, RawSample, Sink},
    time::{self, DateOrder, Moment},
};

const EXAMPLES: usize = 3;
const MOST_QUALITIES: usize = 1000;
const MOST_NAMES: usize = 1000;
const MOST_SEEN: usize = 100_000;

/// A sample as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub line: u64,
    pub name: String,
    pub time: String,
    pub value: String,
    pub quality: String,
}

/// A sink that looks and keeps next to nothing.
#[derive(Debug, Default)]
pub struct Taste {
    pub points: u64,
    pub point_examples: Vec<(String, String, String)>,
    pub samples: u64,
    pub examples: Vec<Example>,
    /// Times with an offset, times without, and what is no time.
    pub with_offset: u64,
    pub local: u64,
    pub no_times: u64,
    pub no_time: Option<String>,
    pub first_time: String,
    pub qualities: BTreeSet<String>,
    /// What the points are called.
    pub names: BTreeSet<String>,
    pub(crate) decimals: DecimalSigns,
    order: ColumnOrder,
    /// Steps forward and back in time.
    steps: [u64; 2],
    /// What had a sample at a time already, and how many came again with another value.
    seen: HashSet<u64>,
    pub again: u64,
    first: Option<i64>,
    last: Option<(i64, String)>,
}

impl Taste {
    pub fn order(&self) -> OrderFound {
        self.order.found()
    }

    pub fn is_newest_first(&self) -> bool {
        self.steps[1] > self.steps[0]
    }

    /// From when until when its samples are; days and months may be mixed up.
    pub fn span(&self) -> Option<(i64, i64)> {
        let (first, last) = (self.first?, self.last.as_ref()?.0);
        Some((first.min(last), first.max(last)))
    }

    /// Whether most samples are of a point and a time that had another: one of each would be kept.
    pub fn overwrites_itself(&self) -> bool {
        self.again * 2 > self.samples.min(MOST_SEEN as u64)
    }

    /// The same value once more does no harm.
    fn see_again(&mut self, name: &str, RawSample { time, value, .. }: &RawSample<'_>) {
        if self.samples > MOST_SEEN as u64 {
            return;
        }
        let hasher = self.seen.hasher().clone();
        let is_first = self.seen.insert(hasher.hash_one((name, time)));
        let is_other = self.seen.insert(hasher.hash_one((name, time, value)));
        self.again += u64::from(!is_first && is_other);
    }

    fn see_name(&mut self, name: &str) {
        if self.names.len() < MOST_NAMES && !self.names.contains(name) {
            self.names.insert(name.to_owned());
        }
    }

    fn see_time(&mut self, text: &str) {
        if self.last.as_ref().is_some_and(|(_, last)| last == text) {
            self.count_again();
            return;
        }
        if let Some(date) = time::open_date(text) {
            let _ = self.order.see(date, has_half_days(text));
        }
        let moment = time::parse(text, DateOrder::DayFirst)
            .or_else(|problem| time::parse(text, DateOrder::MonthFirst).map_err(|_| problem))
            .or_else(|problem| time::parse(text, DateOrder::YearFirst).map_err(|_| problem));
        let micros = match moment {
            Ok(Moment::At(micros)) => {
                self.with_offset += 1;
                micros
            }
            Ok(Moment::Local(micros)) => {
                self.local += 1;
                micros
            }
            Err(problem) => {
                self.no_times += 1;
                self.no_time.get_or_insert(problem);
                return;
            }
        };
        if let Some((last, _)) = &self.last {
            match micros.cmp(last) {
                Ordering::Greater => self.steps[0] += 1,
                Ordering::Less => self.steps[1] += 1,
                Ordering::Equal => {}
            }
        } else {
            text.clone_into(&mut self.first_time);
            self.first = Some(micros);
        }
        self.last = Some((micros, text.to_owned()));
    }

    /// The same time as the sample before.
    fn count_again(&mut self) {
        if self.local > 0 && self.with_offset == 0 {
            self.local += 1;
        } else {
            self.with_offset += 1;
        }
    }
}

fn has_half_days(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("am") || text.contains("pm")
}

impl Sink for Taste {
    fn point(&mut self, _line: u64, point: &RawPoint<'_>) -> Result<()> {
        self.points += 1;
        self.see_name(point.name);
        if self.point_examples.len() < EXAMPLES {
            let RawPoint { name, unit, description, .. } = *point;
            self.point_examples.push((name.into(), unit.into(), description.into()));
        }
        Ok(())
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        self.samples += 1;
        if self.examples.len() < EXAMPLES {
            let [name, time, value, quality] =
                [point.name, sample.time, sample.value, sample.quality].map(str::to_owned);
            self.examples.push(Example { line: sample.line, name, time, value, quality });
        }
        self.see_name(point.name);
        self.see_again(point.name, sample);
        self.see_time(sample.time);
        self.decimals.see(sample.value);
        if self.qualities.len() < MOST_QUALITIES && !self.qualities.contains(sample.quality) {
            self.qualities.insert(sample.quality.to_owned());
        }
        Ok(())
    }

    fn reject(&mut self, _line: u64, _reason: &str, _row: &str) -> Result<()> {
        Ok(())
    }
}

/// Looks only for the order of day and month, until it is sure.
#[derive(Debug, Default)]
pub struct OrderScan(pub ColumnOrder);

impl Sink for OrderScan {
    fn point(&mut self, _line: u64, _point: &RawPoint<'_>) -> Result<()> {
        Ok(())
    }

    fn sample(&mut self, _point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        let seen = time::open_date(sample.time).map(|date| self.0.see(date, has_half_days(sample.time)));
        if seen.is_some_and(|flow| flow.is_break()) { Err(Enough.into()) } else { Ok(()) }
    }

    fn reject(&mut self, _line: u64, _reason: &str, _row: &str) -> Result<()> {
        Ok(())
    }
}
