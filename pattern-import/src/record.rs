//! What a format hands on: texts as they stand in the file. What they mean is understood in one place behind it.

use anyhow::Result;
use std::fmt;

/// A point as a file names it. Empty texts say nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawPoint<'a> {
    pub name: &'a str,
    /// What samples in another file may call it instead, where that is no name for people: an id.
    pub id: &'a str,
    pub unit: &'a str,
    pub description: &'a str,
    /// The controller, meter or machine that the point is of.
    pub device: &'a str,
    /// Where it stands in a tree of folders or places.
    pub path: &'a str,
    /// A plant, a building, a system: points that somebody put together.
    pub group: &'a str,
    pub labels: RawLabels<'a>,
    /// What the numbers 0, 1, 2 … of a point with states mean.
    pub states: &'a [String],
}

/// What somebody says the point really is. For evaluation only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawLabels<'a> {
    pub equipment: &'a str,
    pub equipment_type: &'a str,
    pub role: &'a str,
}

/// One reading. An empty quality says nothing, which is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawSample<'a> {
    pub time: &'a str,
    pub value: &'a str,
    pub quality: &'a str,
    /// Where it stands in the file, from 1.
    pub line: u64,
}

/// Takes what a format reads. An error ends the reading; formats hand it on with `?`.
pub trait Sink {
    /// A point that the file describes, whether or not it has samples.
    fn point(&mut self, line: u64, point: &RawPoint<'_>) -> Result<()>;

    /// A sample of a point. What is said of the point counts at its first sample.
    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()>;

    /// A row out of which no point and no sample can be made.
    fn reject(&mut self, line: u64, reason: &str, row: &str) -> Result<()>;
}

/// The error with which a sink says that it has seen enough.
#[derive(Debug)]
pub struct Enough;

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enough was read")
    }
}

impl std::error::Error for Enough {}

/// Reading that ended because enough was seen ended well.
pub fn unless_enough(read: Result<()>) -> Result<()> {
    match read {
        Err(error) if error.is::<Enough>() => Ok(()),
        other => other,
    }
}
