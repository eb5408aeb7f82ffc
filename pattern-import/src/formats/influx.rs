//! CSV of InfluxDB: tables one behind the other, with rows that say what their columns are (Flux), or with the columns
//! `name`, `tags` and `time` in front (InfluxQL).

use anyhow::Result;
use csv::StringRecord;

use super::{Format, Head, Input, Recognised, as_text};
use crate::{
    columns::{Columns, Meaning},
    record::{RawPoint, RawSample, Sink},
};

#[derive(Debug)]
struct Influx {
    headers: Vec<String>,
    is_annotated: bool,
}

/// What stands in front of the fields in the answer to an InfluxQL query.
const QUERIED: [&str; 3] = ["name", "tags", "time"];

pub fn recognise(head: &Head<'_>) -> Recognised {
    let is_annotated = head.rows.first()?.first().is_some_and(|cell| annotation(cell).is_some());
    let is_header = |row: &&Vec<String>| {
        if is_annotated {
            row.first().is_some_and(|cell| !cell.starts_with('#'))
        } else {
            let has = |names: &[&str]| names.iter().all(|name| row.iter().any(|cell| cell == name));
            has(&["_time", "_value"]) || has(&QUERIED)
        }
    };
    let headers = head.rows.iter().take(10).find(is_header)?.clone();
    Some(Ok(Box::new(Influx { headers, is_annotated })))
}

/// `#datatype`, `#group`, `#default`; what tools write for import has the first column's behind a blank.
fn annotation(cell: &str) -> Option<(&str, &str)> {
    let said = cell.trim_start_matches('\u{feff}').strip_prefix('#')?;
    let (name, first) = said.split_once(' ').unwrap_or((said, ""));
    ["datatype", "group", "default"].contains(&name).then_some((name, first))
}

impl Format for Influx {
    fn title(&self) -> String {
        if self.is_annotated { "InfluxDB annotated CSV".into() } else { "InfluxDB CSV".into() }
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        let known = [
            ("_time", Meaning::Time),
            ("_value", Meaning::Value),
            ("_field", Meaning::Name),
            ("_measurement", Meaning::Group),
            ("time", Meaning::Time),
            ("name", Meaning::Group),
        ];
        let has = |known: &&(&str, Meaning)| self.headers.iter().any(|header| header == known.0);
        known.iter().filter(has).map(|(header, meaning)| (*meaning, (*header).to_owned())).collect()
    }

    fn has_samples(&self) -> bool {
        true
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let (mut annotations, mut table) = (Annotations::default(), None::<Table>);
        input.rows(sink, |sink, line, row| {
            if let Some((name, first)) = row.get(0).and_then(annotation) {
                if table.take().is_some() {
                    annotations = Annotations::default();
                }
                annotations.set(name, first, row);
                return Ok(());
            }
            if row.iter().all(|cell| cell.trim().is_empty()) {
                return Ok(());
            }
            match &mut table {
                // Tables without annotations begin with their header again.
                Some(table) if !table.is_header(row) => table.row(line, row, sink),
                _ => match Table::of(row, &annotations) {
                    Some(begun) => {
                        table = Some(begun);
                        Ok(())
                    }
                    None => sink.reject(line, "stands in a table without a column of times", &as_text(row)),
                },
            }
        })
    }
}

#[derive(Debug, Default)]
struct Annotations {
    types: Vec<String>,
    groups: Vec<String>,
    defaults: Vec<String>,
}

impl Annotations {
    fn set(&mut self, name: &str, first: &str, row: &StringRecord) {
        let cells =
            [first].into_iter().chain(row.iter().skip(1)).map(|cell| cell.trim().to_owned()).collect();
        match name {
            "datatype" => self.types = cells,
            "group" => self.groups = cells,
            _ => self.defaults = cells,
        }
    }
}

/// A table's columns.
#[derive(Debug)]
struct Table {
    time: usize,
    /// One with the field's name beside it, or one per field.
    values: Vec<usize>,
    headers: Vec<String>,
    defaults: Vec<String>,
    field: Option<usize>,
    measurement: Option<usize>,
    tags: Vec<usize>,
    /// All tags in one column: `host=plc7,line=3`.
    joined: Option<usize>,
    device: Option<usize>,
    unit: Option<usize>,
    quality: Option<usize>,
    name: String,
}

const MOST_NAME: usize = 4096;

/// Columns that Flux adds to every table.
const ADDED: [&str; 6] = ["", "result", "table", "_start", "_stop", "_field"];

impl Table {
    fn of(header: &StringRecord, annotations: &Annotations) -> Option<Self> {
        let headers: Vec<String> = header.iter().map(|cell| cell.trim().to_owned()).collect();
        let place = |name: &str| headers.iter().position(|header| header == name);
        let typed = |kind: &str| annotations.types.iter().position(|known| known.starts_with(kind));
        let queried = annotations.types.is_empty().then(|| QUERIED.map(place));
        let [name, joined, time] =
            queried.filter(|places| places.iter().all(Option::is_some)).unwrap_or_default();
        let time = time.or_else(|| place("_time")).or_else(|| typed("dateTime")).or_else(|| typed("time"))?;
        let measurement = name.or_else(|| place("_measurement")).or_else(|| typed("measurement"));
        let value = place("_value");
        let columns = Columns::guess(&headers, &[]).unwrap_or_default();
        let (unit, quality) = (columns.place(Meaning::Unit), columns.place(Meaning::Quality));
        let known = [Some(time), measurement, value, unit, quality, joined];
        let kind = |at: usize| annotations.types.get(at).map_or("", String::as_str);
        let others = (0..headers.len()).filter(|at| {
            !ADDED.contains(&headers[*at].as_str())
                && !known.contains(&Some(*at))
                && !kind(*at).starts_with("ignore")
        });
        let is_tag = |at: &usize| match (kind(*at), annotations.groups.get(*at)) {
            ("tag", _) => true,
            (_, Some(group)) => group == "true",
            // Beside the values of a plain query stand tags only.
            (_, None) => value.is_some(),
        };
        let (tags, fields): (Vec<usize>, Vec<usize>) = others.partition(is_tag);
        let device = columns.place(Meaning::Device).filter(|at| tags.contains(at));
        Some(Self {
            device: device.or_else(|| (tags.len() == 1).then(|| tags[0])),
            joined,
            field: place("_field").filter(|_| value.is_some()),
            values: value.map_or(fields, |value| vec![value]),
            defaults: annotations.defaults.clone(),
            name: String::new(),
            time,
            measurement,
            tags,
            unit,
            quality,
            headers,
        })
    }

    fn is_header(&self, row: &StringRecord) -> bool {
        row.iter().any(|cell| cell == self.headers[self.time])
    }

    fn text<'r>(&'r self, row: &'r StringRecord, place: Option<usize>) -> &'r str {
        let Some(place) = place else { return "" };
        let cell = row.get(place).map_or("", str::trim);
        if cell.is_empty() { self.defaults.get(place).map_or("", |default| default.trim()) } else { cell }
    }

    fn row(&mut self, line: u64, row: &StringRecord, sink: &mut dyn Sink) -> Result<()> {
        let mut name = std::mem::take(&mut self.name);
        self.begin_name(row, &mut name);
        let shared = name.len();
        for at in 0..self.values.len() {
            let place = self.values[at];
            name.truncate(shared);
            self.end_name(row, place, &mut name);
            let value = row.get(place).map_or("", str::trim);
            // A pivoted table has holes where a field was not written.
            if !value.is_empty() || self.values.len() == 1 {
                let point = RawPoint {
                    name: &name,
                    unit: self.text(row, self.unit),
                    device: self.text(row, self.device),
                    group: self.text(row, self.measurement),
                    ..RawPoint::default()
                };
                let (time, quality) = (self.text(row, Some(self.time)), self.text(row, self.quality));
                sink.sample(&point, &RawSample { time, value, quality, line })?;
            }
        }
        self.name = name;
        Ok(())
    }

    /// `hvac/AHU-1/temperature`: measurement, tags, field. What comes before the field all values of a row share.
    fn begin_name(&self, row: &StringRecord, name: &mut String) {
        name.clear();
        let tags = self.tags.iter().map(|tag| self.text(row, Some(*tag)));
        let joined = self.text(row, self.joined).split(',').filter_map(|pair| Some(pair.split_once('=')?.1));
        let parts = [self.text(row, self.measurement)].into_iter().chain(tags).chain(joined);
        for part in parts.filter(|part| !part.is_empty()) {
            name.push_str(part);
            name.push('/');
            // Too long for a name already, which is said of each.
            if name.len() > MOST_NAME {
                return;
            }
        }
    }

    /// A field that is called value says nothing.
    fn end_name(&self, row: &StringRecord, value: usize, name: &mut String) {
        let field = self.field.map_or(self.headers[value].as_str(), |field| self.text(row, Some(field)));
        if matches!(field, "value" | "_value" | "") && !name.is_empty() {
            name.pop();
        } else {
            name.push_str(field);
        }
    }
}
