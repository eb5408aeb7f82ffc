//! One row per sample: time, name of the point, value. The documented format is one of these.

use anyhow::Result;

use super::{
    Format, Input, as_text,
    fit::{Fit, Fitting},
};
use crate::{
    columns::{Columns, Meaning},
    record::{RawLabels, RawPoint, RawSample, Sink},
};

#[derive(Debug)]
pub struct Long {
    pub columns: Columns,
    /// Of a file of one tag: what it is called.
    pub tag: Option<String>,
    /// Rows before the first sample.
    pub skip: u64,
}

impl Format for Long {
    fn title(&self) -> String {
        match &self.tag {
            Some(tag) => format!("one tag, {tag}"),
            None => "one row per sample".into(),
        }
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        self.columns.used()
    }

    fn ignored_columns(&self) -> Vec<String> {
        self.columns.ignored()
    }

    fn has_samples(&self) -> bool {
        true
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let columns = &self.columns;
        let needed = [Meaning::Name, Meaning::Value, Meaning::Time]
            .into_iter()
            .filter_map(|meaning| columns.place(meaning).map(|place| (place, meaning)))
            .max();
        let unit = columns.unit_of_values();
        let mut fitting = Fitting::new(columns, input.cells.is_none());
        let (mut rows, mut joined) = (0, String::new());
        input.rows(sink, |sink, line, row| {
            rows += 1;
            if rows <= self.skip {
                return Ok(());
            }
            match fitting.look(line, row) {
                Fit::Fits => {}
                Fit::Header => return Ok(()),
                Fit::Not(problem) => return sink.reject(line, &problem, &as_text(row)),
            }
            if let Some((_, meaning)) = needed.filter(|(place, _)| row.len() <= *place) {
                let problem = format!("the row has {} fields, too few for '{}'", row.len(), meaning.word());
                return sink.reject(line, &problem, &as_text(row));
            }
            let text = |meaning| columns.text(row, meaning);
            let mut point = point(columns, row);
            if let Some(tag) = &self.tag {
                point.name = tag;
            }
            if point.unit.is_empty() {
                point.unit = unit;
            }
            let sample = RawSample {
                time: time_of(columns, row, &mut joined),
                value: text(Meaning::Value),
                quality: text(Meaning::Quality),
                line,
            };
            sink.sample(&point, &sample)
        })
    }
}

/// The time of a row, put together where parts of it have a column each.
pub fn time_of<'r>(columns: &Columns, row: &'r csv::StringRecord, joined: &'r mut String) -> &'r str {
    let has = |meaning| columns.place(meaning).is_some();
    if !has(Meaning::Clock) && !has(Meaning::Millisecond) {
        return columns.text(row, Meaning::Time);
    }
    joined.clear();
    if has(Meaning::Clock) {
        joined.push_str(columns.text(row, Meaning::Date));
        joined.push(' ');
        joined.push_str(columns.text(row, Meaning::Clock));
    } else {
        joined.push_str(columns.text(row, Meaning::Time));
    }
    let milliseconds = columns.text(row, Meaning::Millisecond);
    if let Some(at) = behind_seconds(joined).filter(|_| !milliseconds.is_empty()) {
        joined.insert_str(at, &format!(".{milliseconds:0>3}"));
    }
    joined.trim()
}

/// Where a time ends that has seconds and no parts of them: behind `14:05:06`.
fn behind_seconds(time: &str) -> Option<usize> {
    let bytes = time.as_bytes();
    let is_clock = |at: &usize| {
        let digit = |place: usize| bytes.get(at + place).is_some_and(u8::is_ascii_digit);
        let colon = |place: usize| bytes.get(at + place) == Some(&b':');
        colon(0) && digit(1) && digit(2) && colon(3) && digit(4) && digit(5)
    };
    let end = (0..bytes.len()).find(is_clock)? + 6;
    (!matches!(bytes.get(end), Some(b'.' | b','))).then_some(end)
}

/// What a row says of its point.
pub fn point<'r>(columns: &Columns, row: &'r csv::StringRecord) -> RawPoint<'r> {
    let text = |meaning| columns.text(row, meaning);
    RawPoint {
        name: text(Meaning::Name),
        unit: text(Meaning::Unit),
        description: text(Meaning::Description),
        device: text(Meaning::Device),
        path: text(Meaning::Path),
        group: text(Meaning::Group),
        labels: RawLabels {
            equipment: text(Meaning::Equipment),
            equipment_type: text(Meaning::EquipmentType),
            role: text(Meaning::Role),
        },
        ..RawPoint::default()
    }
}
