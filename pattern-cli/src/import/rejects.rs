//! Rows that could not be used: counted, and written down with the reason.

use anyhow::{Context, Result};
use csv::ByteRecord;
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// The rejects file. It is made when the first row is rejected.
pub struct Rejects {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
    count: u64,
}

impl Rejects {
    pub fn new(path: PathBuf) -> Self {
        Self { path, writer: None, count: 0 }
    }

    pub fn add(&mut self, file: &str, line: u64, reason: &str, row: &ByteRecord) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let mut writer = csv::Writer::from_path(&self.path).with_context(|| {
                    format!(
                        "can not write the rejects file {}; choose another with --rejects",
                        self.path.display()
                    )
                })?;
                writer.write_record(["file", "line", "reason", "row"])?;
                self.writer.insert(writer)
            }
        };
        let fields: Vec<_> = row.iter().map(String::from_utf8_lossy).collect();
        writer
            .write_record([file, &line.to_string(), reason, &fields.join(",")])
            .with_context(|| format!("can not write the rejects file {}", self.path.display()))?;
        self.count += 1;
        Ok(())
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// Where the rejected rows are, if there are any.
    pub fn finish(&mut self) -> Result<Option<&Path>> {
        let Some(writer) = &mut self.writer else { return Ok(None) };
        writer.flush().with_context(|| format!("can not write the rejects file {}", self.path.display()))?;
        Ok(Some(&self.path))
    }
}
