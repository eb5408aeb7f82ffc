//! One row per point: its name, and what is known of it.

use anyhow::Result;

use super::{Format, Input, as_text, fit::swallowed, long::point};
use crate::{
    columns::{Columns, Meaning},
    record::Sink,
};

#[derive(Debug)]
pub struct PointList {
    pub columns: Columns,
    /// Rows before the first point.
    pub skip: u64,
}

impl Format for PointList {
    fn title(&self) -> String {
        "a list of points".into()
    }

    fn columns(&self) -> Vec<(Meaning, String)> {
        self.columns.used()
    }

    fn ignored_columns(&self) -> Vec<String> {
        self.columns.ignored()
    }

    fn has_samples(&self) -> bool {
        false
    }

    fn read(&self, input: &Input<'_>, sink: &mut dyn Sink) -> Result<()> {
        let mut rows = 0;
        input.rows(sink, |sink, line, row| {
            rows += 1;
            if rows <= self.skip || row.iter().all(|field| field.trim().is_empty()) && row.len() > 1 {
                return Ok(());
            }
            match swallowed(row) {
                Some(problem) => sink.reject(line, &problem, &as_text(row)),
                None => sink.point(line, &point(&self.columns, row)),
            }
        })
    }
}
