//! The command: look, read, store; or only show what would be stored.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use pattern_core::domain::name_problem;
use pattern_import::{Content, Options, Resolved, Scale, Survey, mapping, number};
use pattern_store::Store;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio_util::sync::CancellationToken;

use super::{
    ImportArgs, afterwards, describe,
    reading::{self, Reading},
    rejects::Rejects,
    store::{Storing, Understood},
    summary::{Counts, ImportSummary},
};
use crate::installation::InstallationOptions;
use pattern_service::shutdown_token;

/// What the command does.
pub async fn run(args: &ImportArgs, installation: &InstallationOptions) -> Result<()> {
    let stop = shutdown_token()?;
    let mut import = Import {
        path: args.from.clone(),
        data_source: args.data_source()?,
        rejects: args.rejects()?,
        options: args.options()?,
        now: Utc::now(),
        stop: stop.clone(),
    };
    if args.dry_run {
        print!("{}", import.dry_run(args.save_mapping).await?);
        return Ok(());
    }
    let url = installation.postgres_url(args.postgres.as_deref())?;
    let store = Store::connect_lazy(&url, 4)?;
    store
        .migrate()
        .await
        .context("the database cannot be used; does it serve at the address of --postgres?")?;
    import.now = store.database_time().await?;
    let summary = import.run(&store).await.map_err(|problem| match stop.is_cancelled() {
        true => problem.context("the same command again skips what is stored and stores the rest"),
        false => problem,
    })?;
    print!("{summary}");
    if args.save_mapping {
        println!("{}", import.save_mapping(&import.look().await?)?);
    }
    if !args.no_run {
        afterwards::turn_the_flywheel(&store, &import.data_source, &stop).await?;
        let api = installation.api_of(&url);
        let where_to_look = afterwards::where_to_look(&store, &import.data_source, api.as_deref()).await?;
        print!("the flywheel is queued for {}: {where_to_look}", import.data_source);
    }
    store.close().await;
    Ok(())
}

/// One import, ready to run.
#[derive(Debug, Clone)]
pub struct Import {
    /// A folder, or one file.
    pub path: PathBuf,
    pub data_source: String,
    /// The file that rejected rows are written to; made only if there are any.
    pub rejects: PathBuf,
    pub options: Options,
    pub now: DateTime<Utc>,
    /// Ends it before its time; what is stored by then stays.
    pub stop: CancellationToken,
}

impl Import {
    /// Reads everything, and then stores what can be used. Fails when nothing can be, and then leaves nothing behind.
    /// A database that goes away meanwhile is waited for.
    pub async fn run(&self, store: &Store) -> Result<ImportSummary> {
        if let Some(problem) = name_problem(&self.data_source) {
            bail!("the data source's {problem}; give another one with --data-source");
        }
        let mut reading = self.read().await?;
        reading.check(&self.path)?;
        let storing = Storing { store, data_source: &self.data_source, stop: self.stop.clone() };
        let known = storing.states().await?;
        let resolved = reading.content.resolve(|name| known.get(name).map_or(&[], Vec::as_slice));
        let Reading { survey, content, sorter, mut rejects } = reading;
        let mut summary = self.summary(&survey, &content, &resolved, &mut rejects)?;
        self.refuse_unusable(&content, &summary)?;
        let keys = storing.points(&content, &resolved, &mut summary).await?;
        let mut understood = Understood::new(sorter, &content, &resolved)?;
        if content.samples > 0 {
            storing.samples(&mut understood, &keys, content.samples, &mut summary).await?;
        }
        understood.sum_up(&content, &mut summary);
        Ok(summary)
    }

    /// Shows what a run would store, and stores nothing. Everything that is wrong is said at once.
    pub async fn dry_run(&self, save_mapping: bool) -> Result<String> {
        let (path, options) = (self.path.clone(), self.options.clone());
        let survey = self.on_a_thread(move || pattern_import::survey(&path, options)).await?;
        let mut said = describe::files(&survey);
        if !survey.problems.is_empty() {
            print!("{said}");
            self.look().await?;
        }
        let mut reading = self.read().await?;
        reading.check(&self.path)?;
        let resolved = reading.content.resolve(|_| &[]);
        let Reading { survey, content, sorter, mut rejects } = reading;
        let mut summary = self.summary(&survey, &content, &resolved, &mut rejects)?;
        self.refuse_unusable(&content, &summary)?;
        let used = (0..content.points.len()).filter(|place| content.is_used(*place, &resolved));
        summary.points.new = used.count() as u64;
        let mut understood = Understood::new(sorter, &content, &resolved)?;
        loop {
            let kept = understood.next_batch()?;
            if self.stop.is_cancelled() {
                rejects.discard();
                bail!("stopped while sorting the samples");
            }
            if kept.is_empty() {
                break;
            }
            summary.samples.new += kept.len() as u64;
        }
        understood.sum_up(&content, &mut summary);
        summary.is_dry_run = true;
        summary.files.clear();
        said += &summary.to_string();
        if save_mapping {
            said += &format!("{}\n", self.save_mapping(&survey)?);
        }
        Ok(said)
    }

    async fn look(&self) -> Result<Survey> {
        let (path, options) = (self.path.clone(), self.options.clone());
        self.on_a_thread(move || reading::look(&path, &options)).await
    }

    async fn read(&self) -> Result<Reading> {
        let Self { path, rejects, options, now, stop, .. } = self.clone();
        let read = move || {
            let survey = reading::look(&path, &options)?;
            reading::read_all(survey, &rejects, now, &stop)
        };
        self.on_a_thread(read).await
    }

    /// Reading keeps a core busy, so it runs on a thread of its own. It ends soon after a person has enough.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let reading = tokio::task::spawn_blocking(read);
        tokio::pin!(reading);
        let done = tokio::select! {
            done = &mut reading => done,
            () = self.stop.cancelled() => {
                self.options.stop.now();
                reading.await
            }
        };
        match done.context("reading broke off")? {
            // However it ended, that is why.
            Err(_) if self.stop.is_cancelled() => bail!("stopped while reading {}", self.path.display()),
            done => done,
        }
    }

    /// Samples that all turned out to be no values are none.
    fn refuse_unusable(&self, content: &Content, summary: &ImportSummary) -> Result<()> {
        let dropped = summary.samples.rejected - content.rejected_samples;
        if content.samples > 0 && dropped == content.samples {
            let path = self.path.display();
            bail!("no sample in {path} could be used:\n{}", summary.commonest_reasons);
        }
        Ok(())
    }

    /// What can be said before anything is stored.
    fn summary(
        &self,
        survey: &Survey,
        content: &Content,
        resolved: &Resolved,
        rejects: &mut Rejects,
    ) -> Result<ImportSummary> {
        let mut dropped = 0;
        for unmeant in &resolved.unmeant {
            let point = &content.points[unmeant.point].name;
            let more = match unmeant.count {
                1 => String::new(),
                count => format!(" (and in {} more rows)", count - 1),
            };
            let what = number::written_otherwise(&unmeant.word).unwrap_or("is neither a number nor a state");
            let reason = format!("the value '{}' of '{point}' {what}{more}", unmeant.word);
            let file = &content.files[unmeant.file];
            rejects.add_many(unmeant.count, file, unmeant.line, &reason, &unmeant.word)?;
            dropped += unmeant.count;
        }
        let files = describe::read_as(survey);
        let ignored = survey.files.iter().flat_map(|file| file.format.ignored_columns());
        Ok(ImportSummary {
            data_source: self.data_source.clone(),
            files,
            notes: survey.notes.clone(),
            folders: content.folders.clone(),
            points_of_folders: content.points_of_folders,
            points_of_several_folders: content.points_of_several_folders,
            points: Counts { rejected: content.rejected_points, ..Counts::default() },
            samples: Counts { rejected: content.rejected_samples + dropped, ..Counts::default() },
            ignored_columns: ignored.collect(),
            no_samples_file: survey.files.iter().all(|file| !file.format.has_samples()),
            states: describe::states(content, resolved),
            scales: resolved
                .scales
                .iter()
                .filter(|(_, scale)| *scale != Scale::ZeroIsGood)
                .map(|(file, scale)| (file.clone(), scale.title()))
                .collect(),
            unknown_qualities: resolved.unknown_qualities.clone(),
            commonest_reasons: rejects.commonest(),
            rejects: rejects.finish()?.map(Path::to_path_buf),
            ..ImportSummary::default()
        })
    }

    fn save_mapping(&self, survey: &Survey) -> Result<String> {
        let folder = match self.path.is_dir() {
            true => self.path.as_path(),
            false => self.path.parent().unwrap_or(Path::new(".")),
        };
        let path = mapping::path_in(folder)?;
        fs::write(&path, mapping::written(survey)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(format!("how these files are read is written to {}", path.display()))
    }
}
