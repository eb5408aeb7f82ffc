//! A row per day and a column per time of day, as meters' load profiles come.

use anyhow::Result;

use super::{
    Format, Input, as_text,
    fit::{Fit, Fitting},
    long::point,
};
use crate::{
    columns::{Columns, Meaning},
    record::{RawSample, Sink},
};

#[derive(Debug)]
pub struct Matrix {
    /// The day, and perhaps what the row is of.
    pub columns: Columns,
    /// Column and time of day.
    pub clocks: Vec<(usize, String)>,
    /// What it is called where no column says it.
    pub tag: String,
    /// Rows before the first day.
    pub skip: u64,
}

impl Format for Matrix {
    fn title(&self) -> String {
        format!("a row per day, {} times of day", self.clocks.len())
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        self.columns.used()
    }

    fn ignored_columns(&self) -> Vec<String> {
        let mut ignored = self.columns.ignored();
        ignored.retain(|header| !self.clocks.iter().any(|(_, clock)| clock == header));
        ignored
    }

    fn has_samples(&self) -> bool {
        true
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let (mut rows, mut time) = (0, String::new());
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
            let mut of = point(&self.columns, row);
            if of.name.is_empty() {
                of.name = &self.tag;
            }
            for (place, clock) in &self.clocks {
                let value = row.get(*place).map_or("", str::trim);
                // The hour that a day in spring does not have.
                if value.is_empty() {
                    continue;
                }
                time.clear();
                time.push_str(self.columns.text(row, Meaning::Time));
                time.push(' ');
                time.push_str(clock);
                let sample = RawSample { time: &time, value, line, ..RawSample::default() };
                sink.sample(&of, &sample)?;
            }
            Ok(())
        })
    }
}
