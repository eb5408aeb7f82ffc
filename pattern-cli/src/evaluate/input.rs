//! What the engine is given of a folder: never the labels, and no more than was asked for.

use anyhow::{Context, Result};
use csv::Writer;
use pattern_import::{Options, RawPoint, RawSample, Sink, SurveyedFile, mapping, survey};
use pattern_store::PointLabels;
use rand::{SeedableRng, rngs::SmallRng, seq::SliceRandom};
use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    path::Path,
    sync::Arc,
};

use super::Input;

/// Writes a folder in the import format to `to`. Answers the labels by the names written there.
pub fn prepare(from: &Path, input: Input, seed: u64, to: &Path) -> Result<HashMap<String, PointLabels>> {
    let survey = survey(from, Options::default())?;
    let (samples, lists): (Vec<_>, Vec<_>) = survey.files.iter().partition(|file| file.format.has_samples());
    let mut points = Vec::new();
    for list in lists {
        let mut listed = Points { list, points: &mut points };
        list.format.read(&list.input(&survey.sources, Arc::default()), &mut listed)?;
    }
    let mut names = Names::new(input, points.iter().map(|point| point.name.as_str()), seed);
    let mut csv = Writer::from_path(to.join("points.csv"))?;
    csv.write_record(["name", "unit", "description", "device", "path", "group"])?;
    let mut labels = HashMap::new();
    for point in points {
        let name = names.given(&point.name);
        let said = match input {
            Input::Samples => [""; 5],
            Input::Names | Input::Both => point.said.each_ref().map(String::as_str),
        };
        csv.write_record([&[name.as_str()], &said[..]].concat())?;
        labels.insert(name, point.labels);
    }
    csv.flush()?;
    match input {
        Input::Names => {}
        Input::Both => {
            let files = samples.iter().map(|file| file.source.file_on_disk.as_str());
            let said = Some(mapping::FILE).filter(|said| from.join(said).exists());
            // Several files of one archive are the archive.
            for file in files.chain(said).collect::<BTreeSet<_>>() {
                give(from, to, file)?;
            }
        }
        Input::Samples if samples.is_empty() => {}
        Input::Samples => {
            let mut csv = Writer::from_path(to.join("samples.csv"))?;
            csv.write_record(["timestamp", "name", "value", "quality"])?;
            for file in samples {
                let mut renamed = Renamed { names: &mut names, csv: &mut csv, prefix: &file.prefix };
                file.format
                    .read(&file.input(&survey.sources, Arc::default()), &mut renamed)
                    .with_context(|| format!("cannot read {}", file.source.name))?;
            }
            csv.flush()?;
        }
    }
    Ok(labels)
}

/// A copy of a file: an import does not follow links that lead out of its folder.
fn give(from: &Path, to: &Path, file: &str) -> Result<()> {
    let (from, to) = (from.join(file), to.join(file));
    to.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::copy(from, to)?;
    Ok(())
}

struct ListedPoint {
    name: String,
    /// Unit, description, device, path and group.
    said: [String; 5],
    labels: PointLabels,
}

/// The points of a list.
struct Points<'a> {
    list: &'a SurveyedFile,
    points: &'a mut Vec<ListedPoint>,
}

impl Sink for Points<'_> {
    fn point(&mut self, _line: u64, point: &RawPoint<'_>) -> Result<()> {
        let label = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let path = label(point.path).unwrap_or_else(|| self.list.path());
        let said = [point.unit, point.description, point.device, &path, point.group];
        self.points.push(ListedPoint {
            name: format!("{}{}", self.list.prefix, point.name),
            said: said.map(str::to_owned),
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
struct Renamed<'a> {
    names: &'a mut Names,
    csv: &'a mut Writer<File>,
    prefix: &'a str,
}

impl Sink for Renamed<'_> {
    fn point(&mut self, _line: u64, _point: &RawPoint<'_>) -> Result<()> {
        Ok(())
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        let name = self.names.given(&format!("{}{}", self.prefix, point.name));
        Ok(self.csv.write_record([sample.time, &name, sample.value, sample.quality])?)
    }

    fn reject(&mut self, _line: u64, _reason: &str, _row: &str) -> Result<()> {
        Ok(())
    }
}
