//! `naia import DIR`: points and samples from CSV files into a data source.

mod columns;
mod patience;
mod points_file;
mod progress;
mod rejects;
mod samples_file;
mod sorter;
mod summary;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use pattern_core::domain::name_problem;
use pattern_store::{
    NewPoint, RegisteredPoints, Store, StoreError,
    samples::{InsertedSamples, KeyedSample},
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};
use tokio_util::sync::CancellationToken;

use crate::{installation::InstallationOptions, signals::shutdown_token};
use patience::Patience;
use progress::Progress;
use samples_file::SamplesFile;
use sorter::{ReadSample, SampleSorter};

pub(crate) use columns::Columns;
pub(crate) use points_file::read as read_points;
pub use progress::grouped;
pub(crate) use rejects::Rejects;
pub(crate) use samples_file::{find as find_samples, open as open_samples};
pub use summary::{Counts, ImportSummary};

const SAMPLES_PER_BATCH: usize = 250_000;

/// Import points and samples from CSV files
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Folder with points.csv and, if there are samples, samples.csv, samples.csv.gz or samples.csv.zst
    pub dir: PathBuf,
    /// Name of the data source; the folder's name, if not given
    #[arg(long)]
    pub data_source: Option<String>,
    /// Database to import into; that of the configuration or of the running stack, if not given
    #[arg(long)]
    pub postgres: Option<String>,
    /// Where rows that can not be used are written; FOLDER-rejects.csv here, if not given
    #[arg(long)]
    pub rejects: Option<PathBuf>,
}

/// What the command does.
pub async fn run(args: &ImportArgs, installation: &InstallationOptions) -> Result<()> {
    let url = installation.postgres_url(args.postgres.as_deref())?;
    let store = Store::connect_lazy(&url, 4)?;
    store
        .migrate()
        .await
        .context("the database can not be used; does it serve at the address of --postgres?")?;
    let stop = shutdown_token()?;
    let import = Import {
        dir: args.dir.clone(),
        data_source: match &args.data_source {
            Some(name) => name.clone(),
            None => folder_name(&args.dir)?,
        },
        rejects: match &args.rejects {
            Some(path) => path.clone(),
            None => PathBuf::from(format!("{}-rejects.csv", folder_name(&args.dir)?)),
        },
        now: store.database_time().await?,
        stop: stop.clone(),
    };
    let summary = import.run(&store).await.map_err(|problem| match stop.is_cancelled() {
        true => problem.context("the same command again skips what is stored and stores the rest"),
        false => problem,
    })?;
    print!("{summary}");
    store.close().await;
    Ok(())
}

fn folder_name(dir: &Path) -> Result<String> {
    let full = dir.canonicalize().with_context(|| format!("there is no folder {}", dir.display()))?;
    full.file_name().map(|name| name.to_string_lossy().into_owned()).with_context(|| {
        format!("{} has no name of its own; name the data source with --data-source", dir.display())
    })
}

/// One import, ready to run.
#[derive(Debug, Clone)]
pub struct Import {
    pub dir: PathBuf,
    pub data_source: String,
    /// The file that rejected rows are written to; made only if there are any.
    pub rejects: PathBuf,
    pub now: DateTime<Utc>,
    /// Ends it before its time; what is stored by then stays.
    pub stop: CancellationToken,
}

impl Import {
    /// Reads the folder and stores what can be used. Fails when nothing can be. A database that goes away meanwhile
    /// is waited for.
    pub async fn run(&self, store: &Store) -> Result<ImportSummary> {
        if let Some(problem) = name_problem(&self.data_source) {
            bail!("the data source's {problem}; give another one with --data-source");
        }
        let mut rejects = Rejects::new(self.rejects.clone());
        let samples_path = samples_file::find(&self.dir)?;
        let file = points_file::read(&self.dir, &mut rejects)?;
        let rejected_points = rejects.count();
        if file.points.is_empty() && samples_path.is_none() {
            rejects.finish()?;
            bail!("{} has no point that can be used, and there are no samples", self.dir.display());
        }
        let registered = self.register(store, &file.points).await?;
        let mut summary = ImportSummary {
            data_source: self.data_source.clone(),
            points: Counts {
                new: registered.new,
                changed: registered.changed,
                unchanged: registered.unchanged,
                rejected: rejected_points,
            },
            ignored_columns: file.ignored_columns,
            ..ImportSummary::default()
        };
        match samples_path {
            Some(path) => {
                let (names, keys): (Vec<String>, Vec<i32>) = registered.keys.into_iter().unzip();
                let (read, returned) = self.read_samples(path, names, rejects).await?;
                rejects = returned;
                summary.samples.rejected = rejects.count() - rejected_points;
                self.store_samples(store, read, keys, &mut summary).await?;
            }
            None => summary.no_samples_file = true,
        }
        summary.rejects = rejects.finish()?.map(Path::to_path_buf);
        if summary.read_nothing() {
            bail!("nothing in {} could be used; see {}", self.dir.display(), self.rejects.display());
        }
        Ok(summary)
    }

    /// Reading and sorting keep a core busy, so they run on a thread of their own.
    async fn read_samples(
        &self,
        path: PathBuf,
        names: Vec<String>,
        mut rejects: Rejects,
    ) -> Result<(SamplesFile, Rejects)> {
        let (now, stop) = (self.now, self.stop.clone());
        tokio::task::spawn_blocking(move || {
            let sorter = SampleSorter::new(sorter::SAMPLES_IN_MEMORY);
            let read = samples_file::read(&path, names, now, sorter, &mut rejects, &stop);
            // A file that breaks off still leaves its rejected rows to look at.
            rejects.finish()?;
            Ok((read?, rejects))
        })
        .await
        .context("reading the samples broke off")?
    }

    async fn store_samples(
        &self,
        store: &Store,
        read: SamplesFile,
        mut keys: Vec<i32>,
        summary: &mut ImportSummary,
    ) -> Result<()> {
        let unlisted: Vec<NewPoint> =
            read.names[keys.len()..].iter().map(|name| NewPoint::named(name.clone())).collect();
        if !unlisted.is_empty() {
            let registered = self.register(store, &unlisted).await?;
            summary.unlisted_points = unlisted.len() as u64;
            summary.points.new += registered.new;
            summary.points.unchanged += registered.unchanged;
            for point in &unlisted {
                keys.push(key_of(&registered.keys, &point.name)?);
            }
        }
        summary.ignored_columns.extend(read.ignored_columns);
        let mut progress = Progress::new("storing", read.rows);
        let mut sorted = read.sorter.into_sorted()?;
        let mut done = 0;
        loop {
            let batch: Vec<KeyedSample> =
                sorted.next_batch(SAMPLES_PER_BATCH)?.iter().filter_map(|s| keyed(s, &keys)).collect();
            if batch.is_empty() {
                break;
            }
            done += batch.len() as u64;
            let inserted = self
                .insert(store, &batch)
                .await
                .with_context(|| format!("{} samples are stored", grouped(done - batch.len() as u64)))?;
            summary.samples.new += inserted.new;
            summary.samples.changed += inserted.changed;
            summary.samples.unchanged += inserted.unchanged;
            progress.at(done, done);
        }
        summary.repeated_samples = read.rows - done;
        progress.finish("stored", done);
        Ok(())
    }
}

impl Import {
    async fn register(&self, store: &Store, points: &[NewPoint]) -> Result<RegisteredPoints> {
        let register = async || store.register_points(&self.data_source, points).await;
        Patience { stop: self.stop.clone() }.persist("registering points", register).await
    }

    /// Where nobody can tell whether a batch was stored before the connection broke, the next attempt looks what of
    /// it is missing still. What the first one found out is what the batch changes.
    async fn insert(&self, store: &Store, batch: &[KeyedSample]) -> Result<InsertedSamples> {
        let mut first_look = None;
        let insert = async || -> Result<InsertedSamples, StoreError> {
            let (inserted, missing) = store.new_samples(batch).await?;
            let inserted = *first_look.get_or_insert(inserted);
            store.append_samples(&missing).await?;
            Ok(inserted)
        };
        Patience { stop: self.stop.clone() }.persist("storing samples", insert).await
    }
}

fn key_of(keys: &HashMap<String, i32>, name: &str) -> Result<i32> {
    keys.get(name).copied().with_context(|| format!("the point '{name}' was not registered"))
}

fn keyed(sample: &ReadSample, keys: &[i32]) -> Option<KeyedSample> {
    Some(KeyedSample {
        key: *keys.get(sample.point as usize)?,
        at: DateTime::from_timestamp_micros(sample.at_micros)?,
        value: sample.value,
        quality: sample.quality,
    })
}
