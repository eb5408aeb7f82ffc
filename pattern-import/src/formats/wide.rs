//! One column per tag: a time in each row, and what every tag showed then. Or one column per measurement, and a device
//! in each row that it is of.

use anyhow::Result;
use std::collections::{HashMap, hash_map::Entry};

use super::{
    Format, Input, as_text,
    fit::{Fit, Fitting},
    long::time_of,
};
use crate::{
    columns::{Columns, Meaning},
    record::{RawPoint, RawSample, Sink},
};

#[derive(Debug)]
pub struct Wide {
    /// Time, and in tables of devices the device; what else it knows of a row.
    pub columns: Columns,
    pub tags: Vec<Tag>,
    pub ignored: Vec<String>,
    /// In front of every tag, where several files have the same columns at the same times.
    pub device: String,
    /// Rows before the first sample.
    pub skip: u64,
}

/// A column of values.
#[derive(Debug, Clone)]
pub struct Tag {
    pub place: usize,
    pub name: String,
    pub unit: String,
    pub description: String,
    /// The column that holds its quality.
    pub quality: Option<usize>,
}

impl Wide {
    fn is_by_device(&self) -> bool {
        self.columns.place(Meaning::Device).is_some()
    }
}

impl Format for Wide {
    fn title(&self) -> String {
        match (self.is_by_device(), self.tags.len()) {
            (true, 1) => "a row per device and time, one column of values".into(),
            (true, columns) => format!("a row per device and time, {columns} columns of values"),
            (false, 1) => "one column of values".into(),
            (false, columns) => format!("one column per tag, {columns} tags"),
        }
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        self.columns.used()
    }

    fn ignored_columns(&self) -> Vec<String> {
        self.ignored.clone()
    }

    fn has_samples(&self) -> bool {
        true
    }

    fn tags(&self) -> Vec<String> {
        self.tags.iter().map(|tag| tag.name.clone()).collect()
    }

    fn set_device(&mut self, device: &str) {
        device.clone_into(&mut self.device);
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let (mut rows, mut joined) = (0, String::new());
        let mut names = Names { tags: &self.tags, of: HashMap::new() };
        let by_device = self.is_by_device();
        let mut fitting = Fitting::new(&self.columns, input.cells.is_none());
        input.rows(sink, |sink, line, row| {
            rows += 1;
            if rows <= self.skip || row.iter().all(|field| field.trim().is_empty()) {
                return Ok(());
            }
            match fitting.look(line, row) {
                Fit::Fits => {}
                Fit::Header => return Ok(()),
                Fit::Not(problem) => return sink.reject(line, &problem, &as_text(row)),
            }
            let device = if by_device { self.columns.text(row, Meaning::Device) } else { &self.device };
            if by_device && device.is_empty() {
                return sink.reject(line, "says no device", &as_text(row));
            }
            let time = time_of(&self.columns, row, &mut joined);
            let group = self.columns.text(row, Meaning::Group);
            let path = self.columns.text(row, Meaning::Path);
            let names = names.of(device);
            for (place, tag) in self.tags.iter().enumerate() {
                let value = row.get(tag.place).map_or("", str::trim);
                // Tables have holes where a tag was not read.
                if value.is_empty() {
                    continue;
                }
                let quality = tag.quality.and_then(|place| row.get(place)).map_or("", str::trim);
                let name = names.map_or(tag.name.as_str(), |names| names[place].as_str());
                let (unit, description) = (tag.unit.as_str(), tag.description.as_str());
                let point = RawPoint { name, unit, description, device, group, path, ..RawPoint::default() };
                sink.sample(&point, &RawSample { time, value, quality, line })?;
            }
            Ok(())
        })
    }
}

/// The names of the points of each device: `INV01/DC_POWER`.
struct Names<'a> {
    tags: &'a [Tag],
    of: HashMap<String, Vec<String>>,
}

impl Names<'_> {
    fn of(&mut self, device: &str) -> Option<&[String]> {
        if device.is_empty() {
            return None;
        }
        let names = match self.of.entry(device.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(self.tags.iter().map(|tag| format!("{device}/{}", tag.name)).collect())
            }
        };
        Some(names)
    }
}
