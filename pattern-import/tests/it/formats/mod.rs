//! Each special format, on a small input in the shape in which it comes out of the program that writes it.

mod damaged;
mod ede;
mod haystack;
mod home_assistant;
mod influx;
mod ip21;
mod pi_datalink;
mod ruled;
mod volttron;
mod workbook;

use crate::support::{folder, options};
use anyhow::Result;
use pattern_import::{RawPoint, RawSample, Sink, survey};
use std::sync::Arc;

/// What the files of a folder were taken for, and what was read out of them.
#[derive(Debug, Default)]
struct Read {
    titles: Vec<String>,
    points: Vec<String>,
    samples: Vec<String>,
    rejects: Vec<String>,
}

fn read(files: &[(&str, impl AsRef<[u8]>)]) -> Read {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (*name, content.as_ref())).collect();
    let folder = folder(&files);
    let survey = survey(folder.path(), options("UTC")).unwrap();
    assert_eq!(survey.problems, Vec::<String>::new());
    let mut read = Read::default();
    for file in &survey.files {
        read.titles.push(file.format.title());
        file.format.read(&file.input(&survey.sources, Arc::default()), &mut read).unwrap();
    }
    read
}

/// `name|unit|description|device|path|group|states`, without what is empty at the end.
fn said(point: &RawPoint<'_>) -> String {
    let states = point.states.join("/");
    let parts = [point.name, point.unit, point.description, point.device, point.path, point.group, &states];
    parts.join("|").trim_end_matches('|').to_owned()
}

impl Sink for Read {
    fn point(&mut self, line: u64, point: &RawPoint<'_>) -> Result<()> {
        self.points.push(format!("{line}: {}", said(point)));
        Ok(())
    }

    fn sample(&mut self, point: &RawPoint<'_>, sample: &RawSample<'_>) -> Result<()> {
        let RawSample { time, value, quality, line } = sample;
        let quality = if quality.is_empty() { String::new() } else { format!(" ({quality})") };
        self.samples.push(format!("{line}: {time} {value}{quality} of {}", said(point)));
        Ok(())
    }

    fn reject(&mut self, line: u64, reason: &str, row: &str) -> Result<()> {
        self.rejects.push(format!("{line}: {reason}: {row}"));
        Ok(())
    }
}
