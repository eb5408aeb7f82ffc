//! What the engine is given of a folder: never the labels, and no more than was asked for.

use anyhow::{Context, Result};
use csv::{ByteRecord, ReaderBuilder, Writer};
use pattern_store::PointLabels;
use rand::{SeedableRng, rngs::SmallRng, seq::SliceRandom};
use std::{collections::HashMap, os::unix::fs::symlink, path::Path};

use super::Input;
use crate::import::{self, Columns, Rejects};

/// Writes a folder in the import format to `to`. Answers the labels by the names written there.
pub fn prepare(from: &Path, input: Input, seed: u64, to: &Path) -> Result<HashMap<String, PointLabels>> {
    let mut rejects = Rejects::new(to.join("rejects.csv"));
    let points = import::read_points(from, &mut rejects)?.points;
    let samples = import::find_samples(from)?;
    let mut names = Names::new(input, points.iter().map(|point| point.name.as_str()), seed);
    let mut csv = Writer::from_path(to.join("points.csv"))?;
    csv.write_record(["name", "unit", "description"])?;
    let mut labels = HashMap::new();
    for point in points {
        let name = names.given(&point.name);
        let (unit, description) = match input {
            Input::Samples => ("", ""),
            Input::Names | Input::Both => (point.unit.as_str(), point.description.as_str()),
        };
        csv.write_record([name.as_str(), unit, description])?;
        labels.insert(name, point.labels);
    }
    csv.flush()?;
    match (input, samples) {
        (Input::Names, _) | (_, None) => {}
        (Input::Both, Some(path)) => {
            let name = path.file_name().context("the samples file has no name")?;
            symlink(path.canonicalize()?, to.join(name))?;
        }
        (Input::Samples, Some(path)) => rename_samples(&path, &mut names, &to.join("samples.csv"))?,
    }
    Ok(labels)
}

/// What a point is called in the trial: its name, or a number that tells nothing.
struct Names(Option<HashMap<String, String>>);

impl Names {
    fn new<'a>(input: Input, names: impl Iterator<Item = &'a str>, seed: u64) -> Self {
        if input != Input::Samples {
            return Self(None);
        }
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.shuffle(&mut SmallRng::seed_from_u64(seed));
        Self(Some(names.iter().enumerate().map(|(i, name)| ((*name).to_owned(), number(i))).collect()))
    }

    fn given(&mut self, name: &str) -> String {
        let Some(numbers) = &mut self.0 else { return name.to_owned() };
        let next = number(numbers.len());
        numbers.entry(name.to_owned()).or_insert(next).clone()
    }
}

fn number(i: usize) -> String {
    format!("P{i:06}")
}

fn rename_samples(from: &Path, names: &mut Names, to: &Path) -> Result<()> {
    let context = || format!("can not read {}", from.display());
    let mut csv = ReaderBuilder::new().flexible(true).from_reader(import::open_samples(from)?);
    let header = csv.byte_headers().with_context(context)?.clone();
    let columns = Columns::find("the samples file", &header, &["name"], &[])?;
    let mut out = csv::WriterBuilder::new().flexible(true).from_path(to)?;
    out.write_byte_record(&header)?;
    let mut row = ByteRecord::new();
    while csv.read_byte_record(&mut row).with_context(context)? {
        // What can not be read here would be rejected by the import as well.
        let Ok(name) = columns.text(&row, "name") else { continue };
        let given = names.given(name);
        let fields = row.iter().enumerate();
        let renamed: ByteRecord = fields
            .map(|(i, field)| if columns.is_at("name", i) { given.as_bytes() } else { field })
            .collect();
        out.write_byte_record(&renamed)?;
    }
    Ok(out.flush()?)
}
