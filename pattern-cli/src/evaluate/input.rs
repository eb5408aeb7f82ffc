//! What the engine is given of a folder: never the labels, and no more than was asked for.

use anyhow::{Context, Result};
use csv::Writer;
use pattern_import::{Options, RawPoint, RawSample, Sink, mapping, survey};
use pattern_store::PointLabels;
use rand::{SeedableRng, rngs::SmallRng, seq::SliceRandom};
use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    os::unix::fs::symlink,
    path::Path,
    sync::Arc,
};

use super::Input;

/// Writes a folder in the import format to `to`. Answers the labels by the names written there.
pub fn prepare(from: &Path, input: Input, seed: u64, to: &Path) -> Result<HashMap<String, PointLabels>> {
    let survey = survey(from, Options::default())?;
    let (samples, lists): (Vec<_>, Vec<_>) = survey.files.iter().partition(|file| file.format.has_samples());
    let mut points = Points::default();
    for list in lists {
        list.format.read(&list.input(&survey.sources, Arc::default()), &mut points)?;
    }
    let mut names = Names::new(input, points.0.iter().map(|point| point.name.as_str()), seed);
    let mut csv = Writer::from_path(to.join("points.csv"))?;
    csv.write_record(["name", "unit", "description"])?;
    let mut labels = HashMap::new();
    for point in points.0 {
        let name = names.given(&point.name);
        let (unit, description) = match input {
            Input::Samples => ("", ""),
            Input::Names | Input::Both => (point.unit.as_str(), point.description.as_str()),
        };
        csv.write_record([name.as_str(), unit, description])?;
        labels.insert(name, point.labels);
    }
    csv.flush()?;
    match input {
        Input::Names => {}
        Input::Both => {
            // Several files of one archive are the archive.
            let names = samples.iter().map(|file| file.source.name.split('/').next().unwrap_or_default());
            let said = Some(mapping::FILE).filter(|said| from.join(said).exists());
            for name in names.chain(said).collect::<BTreeSet<_>>() {
                symlink(from.join(name).canonicalize()?, to.join(name))?;
            }
        }
        Input::Samples if samples.is_empty() => {}
        Input::Samples => {
            let mut csv = Writer::from_path(to.join("samples.csv"))?;
            csv.write_record(["timestamp", "name", "value", "quality"])?;
            let mut renamed = Renamed { names, csv };
            for file in samples {
                file.format
                    .read(&file.input(&survey.sources, Arc::default()), &mut renamed)
                    .with_context(|| format!("cannot read {}", file.source.name))?;
            }
            renamed.csv.flush()?;
        }
    }
    Ok(labels)
}

struct ListedPoint {
    name: String,
    unit: String,
    description: String,
    labels: PointLabels,
}

#[derive(Default)]
struct Points(Vec<ListedPoint>);

impl Sink for Points {
    fn point(&mut self, _line: u64, point: &RawPoint<'_>) -> Result<()> {
        let label = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        self.0.push(ListedPoint {
            name: point.name.into(),
            unit: point.unit.into(),
            description: point.description.into(),
            labels: PointLabels {
                equipment: label(point.labels.equipment),
                equipment_type: label(point.labels.equipment_type),
                role: label(point.labels.role),
            },
        });
        Ok(())
    }

    fn sample(&mut self, _point: &RawPoint<'_>, _sample: &RawSample<'_>) -> Result<()> {
        Ok(())
    }

    fn reject(&mut self, _line: u64, _reason: &str, _row: &str) -> Result<()> {
        Ok(())
    }
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

/// Writes samples under the names that they have in the trial. What cannot be read would be rejected by the import as
/// well.
struct Renamed {
    names: Names,
    csv: Writer<File>,
}

impl Sink for Renamed {
    fn point(&mut self, _line: u64, _point: &RawPoint<'_>) -> Result<()> {
        Ok(())
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        let name = self.names.given(point.name);
        Ok(self.csv.write_record([sample.time, &name, sample.value, sample.quality])?)
    }

    fn reject(&mut self, _line: u64, _reason: &str, _row: &str) -> Result<()> {
        Ok(())
    }
}
