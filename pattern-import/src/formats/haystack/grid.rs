//! What the rows of a grid are: points and what they are of, or a history.

use anyhow::{Result, bail};
use std::collections::HashMap;

use super::{
    scalar::{Scalar, Tags, tag},
    tags::description,
};
use crate::{
    limits::MOST_COLUMNS,
    record::{RawPoint, RawSample, Sink},
};

/// The grids of one file, one behind the other. Points wait for the end, when all that they refer to is known.
#[derive(Debug, Default)]
pub struct Grids {
    /// What a history is called that does not say it: by the name of its file.
    file: String,
    columns: Vec<(String, Tags)>,
    history: Option<History>,
    entities: Vec<(u64, Tags)>,
}

/// A grid with times: what its columns are of, or whose id each row names.
#[derive(Debug)]
struct History {
    time: usize,
    id: Option<usize>,
    series: Vec<(usize, Series)>,
}

#[derive(Debug, Default, Clone)]
struct Series {
    name: String,
    id: String,
    unit: String,
    device: String,
    group: String,
    path: String,
    description: String,
    states: Vec<String>,
}

impl Grids {
    pub fn of_file(name: &str) -> Self {
        Self { file: name.to_owned(), ..Self::default() }
    }

    pub fn begin(&mut self, meta: Tags, columns: Vec<(String, Tags)>, sink: &mut dyn Sink) -> Result<()> {
        self.end(sink)?;
        if columns.len() > MOST_COLUMNS {
            bail!("a grid has {} columns, and {MOST_COLUMNS} are read at most", columns.len());
        }
        let place = |name: &str| columns.iter().position(|(known, _)| known == name);
        self.history = place("ts").map(|time| {
            let id = place("id");
            let others = columns.iter().enumerate().filter(|(at, (name, _))| {
                *at != time && Some(*at) != id && !matches!(name.as_str(), "dis" | "quality" | "status")
            });
            let single = others.clone().count() == 1;
            let series = others.map(|(at, (column, tags))| {
                // What the grid says is of its only column.
                let said = if single { [tags, &meta] } else { [tags, tags] };
                let is_number = column.strip_prefix('v').is_some_and(|number| number.parse::<u32>().is_ok());
                let numbered = format!("{}/{column}", self.file);
                let otherwise = if single {
                    &self.file
                } else if is_number {
                    &numbered
                } else {
                    column
                };
                (at, Series::of(said, otherwise))
            });
            History { time, id, series: series.collect() }
        });
        self.columns = columns;
        Ok(())
    }

    pub fn row(&mut self, line: u64, mut cells: Vec<Scalar>, sink: &mut dyn Sink) -> Result<()> {
        cells.resize(self.columns.len(), Scalar::None);
        let Some(history) = &self.history else {
            let names = self.columns.iter().map(|(name, _)| name.clone());
            self.entities
                .push((line, names.zip(cells).filter(|(_, value)| *value != Scalar::None).collect()));
            return Ok(());
        };
        let time = cells[history.time].text();
        let named = history.id.map(|id| (cells[id].text(), plain_id(&cells[id])));
        for (at, series) in &history.series {
            if cells[*at] == Scalar::None {
                continue;
            }
            let unit = match &cells[*at] {
                Scalar::Number(_, unit) if !unit.is_empty() => unit,
                _ => &series.unit,
            };
            let mut point = RawPoint { unit, ..series.point() };
            if let Some((name, id)) = &named {
                (point.name, point.id) = (name, id);
            }
            sink.sample(&point, &RawSample { time, value: cells[*at].text(), quality: "", line })?;
        }
        Ok(())
    }

    /// An entity that stands alone.
    pub fn entity(&mut self, line: u64, tags: Tags) {
        if !tags.is_empty() {
            self.entities.push((line, tags));
        }
    }

    /// Hands on the points that the grid described.
    pub fn end(&mut self, sink: &mut dyn Sink) -> Result<()> {
        let entities = std::mem::take(&mut self.entities);
        let known: HashMap<&str, &Tags> =
            entities.iter().filter_map(|(_, tags)| Some((id(tags)?, tags))).collect();
        let has_marks = entities.iter().any(|(_, tags)| tag(tags, "point").is_some());
        let points = entities.iter().filter(|(_, tags)| !has_marks || tag(tags, "point").is_some());
        let mut series: Vec<(u64, Series, &Tags)> = points
            .filter(|(_, tags)| {
                !["equip", "site", "space", "floor"].iter().any(|mark| tag(tags, mark).is_some())
            })
            .map(|(line, tags)| (*line, described(tags, &known), tags))
            .collect();
        tell_apart(&mut series);
        for (line, series, _) in &series {
            sink.point(*line, &series.point())?;
        }
        Ok(())
    }
}

impl Series {
    /// A column of a history; what is said first counts.
    fn of(said: [&Tags; 2], otherwise: &str) -> Self {
        let tagged = |name: &str| said.iter().find_map(|tags| tag(tags, name));
        let text = |name: &str| tagged(name).map_or("", Scalar::text).to_owned();
        let name = tagged("id").or_else(|| tagged("dis")).map_or(otherwise, Scalar::text);
        Self {
            name: name.to_owned(),
            id: tagged("id").map_or_else(|| plain(otherwise), plain_id),
            unit: text("unit"),
            device: text("equipRef"),
            group: text("siteRef"),
            description: description(said[0]),
            ..Self::default()
        }
    }

    fn point(&self) -> RawPoint<'_> {
        let Self { name, id, unit, device, group, path, description, states } = self;
        RawPoint { name, id, unit, device, group, path, description, states, ..RawPoint::default() }
    }
}

fn id(tags: &Tags) -> Option<&str> {
    match tag(tags, "id")? {
        Scalar::Ref { id, .. } => Some(id),
        other => Some(other.text()),
    }
}

/// An id as files are called by it: without the signs that no file's name has.
fn plain_id(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Ref { id, .. } => plain(id),
        other => plain(other.text()),
    }
}

fn plain(id: &str) -> String {
    id.chars().map(|letter| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' }).collect()
}

/// What people call an entity.
fn name(tags: &Tags) -> Option<&str> {
    let of_id = match tag(tags, "id") {
        Some(Scalar::Ref { dis, .. }) => Some(dis.as_str()),
        _ => None,
    };
    let said = |name| tag(tags, name).map(Scalar::text);
    [said("dis"), of_id, said("navName"), said("name")].into_iter().flatten().find(|name| !name.is_empty())
}

fn described(tags: &Tags, known: &HashMap<&str, &Tags>) -> Series {
    let referred = |name: &str| {
        let Scalar::Ref { id, dis } = tag(tags, name)? else { return None };
        let called = known.get(id.as_str()).and_then(|tags| self::name(tags));
        Some(if dis.is_empty() { called.unwrap_or(id).to_owned() } else { dis.clone() })
    };
    let unit = tag(tags, "unit").map(Scalar::text).or_else(|| match tag(tags, "curVal")? {
        Scalar::Number(_, unit) => Some(unit.as_str()),
        _ => None,
    });
    Series {
        name: name(tags).or_else(|| id(tags)).unwrap_or_default().to_owned(),
        id: tag(tags, "id").map_or_else(String::new, plain_id),
        unit: unit.unwrap_or_default().to_owned(),
        device: referred("equipRef").unwrap_or_default(),
        group: referred("siteRef").unwrap_or_default(),
        path: referred("spaceRef").or_else(|| referred("floorRef")).unwrap_or_default(),
        description: description(tags),
        states: states(tags),
    }
}

/// `off,on`; a grid of its own is none.
fn states(tags: &Tags) -> Vec<String> {
    match tag(tags, "enum") {
        Some(Scalar::Text(words)) if !words.contains("ver:") => {
            words.split(',').map(|word| word.trim().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

/// Every air handler has its `Zone Temp`: names that come several times get their equipment in front, and if that is
/// not enough, their id.
fn tell_apart(series: &mut [(u64, Series, &Tags)]) {
    for with in [
        |series: &Series, _: &Tags| format!("{}/{}", series.device, series.name),
        |_: &Series, tags: &Tags| id(tags).unwrap_or_default().to_owned(),
    ] {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for (_, series, _) in series.iter() {
            *counts.entry(series.name.clone()).or_default() += 1;
        }
        for (_, series, tags) in series.iter_mut().filter(|(_, series, _)| counts[&series.name] > 1) {
            series.name = with(series, tags);
        }
    }
}
