//! Annotated CSV of InfluxDB: tables one behind the other, each with rows that say what its columns are.

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
}

pub fn recognise(head: &Head<'_>) -> Recognised {
    let is_annotation = |row: &&Vec<String>| row.first().is_some_and(|cell| annotation(cell).is_some());
    let is_header = |row: &&Vec<String>| row.iter().any(|cell| cell == "_time");
    let headers = head.rows.iter().take(10).find(is_header)?;
    let is_annotated = head.rows.first().as_ref().is_some_and(is_annotation);
    let has_fields =
        headers.iter().any(|cell| cell == "_value" || cell == "_field" || cell == "_measurement");
    (is_annotated || has_fields).then(|| Ok(Box::new(Influx { headers: headers.clone() }) as Box<dyn Format>))
}

/// `#datatype`, `#group`, `#default`.
fn annotation(cell: &str) -> Option<&str> {
    let name = cell.trim_start_matches('\u{feff}').strip_prefix('#')?;
    ["datatype", "group", "default"].contains(&name).then_some(name)
}

impl Format for Influx {
    fn title(&self) -> String {
        "InfluxDB annotated CSV".into()
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        let known = [
            ("_time", Meaning::Time),
            ("_value", Meaning::Value),
            ("_field", Meaning::Name),
            ("_measurement", Meaning::Group),
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
            if let Some(name) = row.get(0).and_then(annotation) {
                if table.take().is_some() {
                    annotations = Annotations::default();
                }
                annotations.set(name, row);
                return Ok(());
            }
            if row.iter().all(|cell| cell.trim().is_empty()) {
                return Ok(());
            }
            match &mut table {
                // Tables without annotations begin with their header again.
                Some(table) if !row.iter().any(|cell| cell == "_time") => table.row(line, row, sink),
                _ => match Table::of(row, &annotations) {
                    Some(begun) => {
                        table = Some(begun);
                        Ok(())
                    }
                    None => sink.reject(line, "stands in a table without a column _time", &as_text(row)),
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
    fn set(&mut self, name: &str, row: &StringRecord) {
        let cells = row.iter().map(str::to_owned).collect();
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
    device: Option<usize>,
    unit: Option<usize>,
    quality: Option<usize>,
    name: String,
}

/// Columns that Flux adds to every table.
const ADDED: [&str; 8] = ["", "result", "table", "_start", "_stop", "_time", "_field", "_measurement"];

impl Table {
    fn of(header: &StringRecord, annotations: &Annotations) -> Option<Self> {
        let headers: Vec<String> = header.iter().map(|cell| cell.trim().to_owned()).collect();
        let place = |name: &str| headers.iter().position(|header| header == name);
        let columns = Columns::guess(&headers, &[]).unwrap_or_default();
        let added = |at: usize| ADDED.contains(&headers[at].as_str());
        let (unit, quality) = (columns.place(Meaning::Unit), columns.place(Meaning::Quality));
        let others = (0..headers.len()).filter(|at| !added(*at) && Some(*at) != unit && Some(*at) != quality);
        let value = place("_value");
        let is_tag = |at: &usize| match (annotations.groups.get(*at), value) {
            (Some(group), _) => group == "true",
            // Without the annotation: the only values of a plain query are those in `_value`.
            (None, value) => value.is_some(),
        };
        let (tags, fields): (Vec<usize>, Vec<usize>) =
            others.filter(|at| Some(*at) != value).partition(is_tag);
        let values = value.map_or(fields, |value| vec![value]);
        let device = columns.place(Meaning::Device).filter(|at| tags.contains(at));
        Some(Self {
            time: place("_time")?,
            device: device.or_else(|| (tags.len() == 1).then(|| tags[0])),
            field: place("_field").filter(|_| value.is_some()),
            measurement: place("_measurement"),
            defaults: annotations.defaults.clone(),
            name: String::new(),
            values,
            tags,
            unit,
            quality,
            headers,
        })
    }

    fn text<'r>(&'r self, row: &'r StringRecord, place: Option<usize>) -> &'r str {
        let Some(place) = place else { return "" };
        let cell = row.get(place).map_or("", str::trim);
        if cell.is_empty() { self.defaults.get(place).map_or("", |default| default.trim()) } else { cell }
    }

    fn row(&mut self, line: u64, row: &StringRecord, sink: &mut dyn Sink) -> Result<()> {
        for at in 0..self.values.len() {
            let place = self.values[at];
            let mut name = std::mem::take(&mut self.name);
            self.write_name(row, place, &mut name);
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
            self.name = name;
        }
        Ok(())
    }

    /// `hvac/AHU-1/temperature`: measurement, tags, field. A field that is called value says nothing.
    fn write_name(&self, row: &StringRecord, value: usize, name: &mut String) {
        name.clear();
        let field = self.field.map_or(self.headers[value].as_str(), |field| self.text(row, Some(field)));
        let tags = self.tags.iter().map(|tag| self.text(row, Some(*tag)));
        let parts = [self.text(row, self.measurement)].into_iter().chain(tags);
        for part in parts.filter(|part| !part.is_empty()) {
            name.push_str(part);
            name.push('/');
        }
        if matches!(field, "value" | "_value" | "") && !name.is_empty() {
            name.pop();
        } else {
            name.push_str(field);
        }
    }
}
