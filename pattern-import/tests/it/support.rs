use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use pattern_import::{
    Class, Content, Options, Output, ReadSample, Resolved, Survey, SurveyedFile, read, survey,
};
use std::fs;
use tempfile::TempDir;

/// What was understood of a folder.
pub struct Read {
    pub survey: Survey,
    pub content: Content,
    pub resolved: Resolved,
    /// `name time value quality` of every sample, in the order of the files.
    pub samples: Vec<String>,
    /// `file:line reason` of every rejected row.
    pub rejects: Vec<String>,
    _folder: TempDir,
}

impl Read {
    pub fn points(&self) -> Vec<&str> {
        self.content.points.iter().map(|point| point.name.as_str()).collect()
    }

    /// Good, uncertain and bad samples.
    pub fn classes(&self) -> [usize; 3] {
        ["good", "uncertain", "bad"]
            .map(|word| self.samples.iter().filter(|said| said.ends_with(word)).count())
    }

    /// The values of a point, in their order.
    pub fn values(&self, point: &str) -> Vec<f64> {
        let of = self.samples.iter().filter(|said| said.split(' ').next() == Some(point));
        of.map(|said| said.split(' ').nth(2).unwrap().parse().unwrap()).collect()
    }

    pub fn times(&self) -> Vec<&str> {
        self.samples.iter().map(|said| said.split(' ').nth(1).unwrap()).collect()
    }
}

pub fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

pub fn options(zone: &str) -> Options {
    Options { zone: Some(zone.parse().unwrap()), ..Options::default() }
}

/// Reads a folder of which nothing stands against reading it.
pub fn read_with(files: &[(&str, &[u8])], options: Options) -> Read {
    let folder = folder(files);
    let survey = survey(folder.path(), options).unwrap();
    assert_eq!(survey.problems, Vec::<String>::new());
    let mut collected = Collected::default();
    let now: DateTime<Utc> = "2026-12-01T00:00:00Z".parse().unwrap();
    let content = read(&survey, now, &mut collected).unwrap();
    let resolved = content.resolve(|_| &[]);
    let said = |sample: &ReadSample| {
        let (value, kept) = resolved.sample(sample)?;
        let at =
            DateTime::from_timestamp_micros(sample.at_micros)?.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let quality = match kept.class {
            Class::Good => "good",
            Class::Uncertain => "uncertain",
            Class::Bad => "bad",
        };
        Some(format!(
            "{} {at} {value} {quality}",
            content.points[sample.point as usize].name.replace(' ', "_")
        ))
    };
    let samples = collected.samples.iter().filter_map(said).collect();
    Read { survey, samples, content, resolved, rejects: collected.rejects, _folder: folder }
}

pub fn read_utc(files: &[(&str, &[u8])]) -> Read {
    read_with(files, options("UTC"))
}

/// One table, called `samples.csv`.
pub fn table(text: &str) -> Read {
    read_utc(&[("samples.csv", text.as_bytes())])
}

pub fn problems(files: &[(&str, &[u8])]) -> Vec<String> {
    survey(folder(files).path(), Options::default()).unwrap().problems
}

#[derive(Default)]
struct Collected {
    samples: Vec<ReadSample>,
    rejects: Vec<String>,
}

impl Output for Collected {
    fn sample(&mut self, sample: ReadSample) -> Result<()> {
        self.samples.push(sample);
        Ok(())
    }

    fn reject(&mut self, file: &str, line: u64, reason: &str, _row: &str) -> Result<()> {
        self.rejects.push(format!("{file}:{line} {reason}"));
        Ok(())
    }

    fn begin(&mut self, _file: &SurveyedFile) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _file: &SurveyedFile, _taken: u64, _samples: u64) -> Result<()> {
        Ok(())
    }

    fn end(&mut self, _samples: u64) -> Result<()> {
        Ok(())
    }
}
