//! Reads everything and keeps it sorted on disk, before anything is stored.

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use pattern_import::{Content, Options, Output, ReadSample, Source, Survey, SurveyedFile, read, survey};
use std::path::Path;
use tokio_util::sync::CancellationToken;

use super::{
    progress::Progress,
    rejects::Rejects,
    sorter::{SAMPLES_IN_MEMORY, SampleSorter},
};

/// What was read.
pub struct Reading {
    pub survey: Survey,
    pub content: Content,
    pub sorter: SampleSorter,
    pub rejects: Rejects,
}

/// Looks at the files and names everything that stands against reading them.
pub fn look(path: &Path, options: &Options) -> Result<Survey> {
    let survey = survey(path, options.clone())?;
    let problems = &survey.problems;
    match problems.as_slice() {
        [] => Ok(survey),
        [one] => bail!("{one}"),
        several => bail!("{} things stand against it:\n  - {}", several.len(), several.join("\n  - ")),
    }
}

pub fn read_all(
    survey: Survey,
    rejects: &Path,
    now: DateTime<Utc>,
    stop: &CancellationToken,
) -> Result<Reading> {
    refuse_input(&survey, rejects)?;
    let mut collector = Collector {
        sorter: SampleSorter::new(SAMPLES_IN_MEMORY),
        rejects: Rejects::new(rejects.to_path_buf()),
        progress: None,
        stop: stop.clone(),
    };
    let content = read(&survey, now, &mut collector);
    if stop.is_cancelled() {
        collector.rejects.discard();
    }
    // A file that breaks off still leaves its rejected rows to look at.
    collector.rejects.flush()?;
    Ok(Reading { survey, content: content?, sorter: collector.sorter, rejects: collector.rejects })
}

/// Rejected rows would be written over what is read.
fn refuse_input(survey: &Survey, rejects: &Path) -> Result<()> {
    let Ok(rejects) = rejects.canonicalize() else { return Ok(()) };
    let is_read = |source: &&Source| source.path().canonicalize().is_ok_and(|path| path == rejects);
    match survey.sources.iter().find(is_read) {
        Some(source) => {
            bail!(
                "rejected rows would overwrite {}, which is to be read; choose another file with --rejects",
                source.name
            )
        }
        None => Ok(()),
    }
}

struct Collector {
    sorter: SampleSorter,
    rejects: Rejects,
    /// Of the file that is being read.
    progress: Option<Progress>,
    stop: CancellationToken,
}

impl Output for Collector {
    fn sample(&mut self, sample: ReadSample) -> Result<()> {
        self.sorter.push(sample)
    }

    fn reject(&mut self, file: &str, line: u64, reason: &str, row: &str) -> Result<()> {
        self.rejects.add(file, line, reason, row)
    }

    fn begin(&mut self, file: &SurveyedFile) -> Result<()> {
        if file.format.has_samples() {
            self.progress = Some(Progress::new(&file.source.name, file.source.size));
        }
        Ok(())
    }

    fn progress(&mut self, file: &SurveyedFile, taken: u64, samples: u64) -> Result<()> {
        if self.stop.is_cancelled() {
            bail!("stopped while reading {}", file.source.name);
        }
        if let Some(progress) = &mut self.progress {
            progress.at(taken, samples);
        }
        Ok(())
    }

    fn end(&mut self, samples: u64) -> Result<()> {
        if let Some(progress) = self.progress.take() {
            progress.finish("read", samples);
        }
        Ok(())
    }
}

impl Reading {
    /// Whether there is anything to store; else what to say of it.
    pub fn check(&mut self, path: &Path) -> Result<()> {
        let Content { points, samples, rejected_points, rejected_samples, .. } = &self.content;
        let hint = self.rejects.commonest();
        let hint = if hint.is_empty() { String::new() } else { format!(":\n{hint}") };
        if points.is_empty() && *rejected_points + *rejected_samples == 0 {
            bail!("{} has no point and no sample", path.display());
        }
        if points.is_empty() {
            bail!("nothing in {} could be used{hint}", path.display());
        }
        if *samples == 0 && *rejected_samples > 0 {
            bail!("no sample in {} could be used{hint}", path.display());
        }
        Ok(())
    }
}
