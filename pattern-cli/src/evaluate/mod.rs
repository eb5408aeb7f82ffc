//! `naia evaluate DIR`: how right the engine is about a plant whose answers are known.

mod details;
mod input;
mod measure;
mod report;
mod reviewer;
mod trial;
mod truth;

use anyhow::Result;
use std::path::{Path, PathBuf};

use crate::signals::shutdown_token;
use report::Report;
use trial::Trial;
use truth::Truth;

/// Measure how right the engine is about a labelled plant, in a database of its own
#[derive(Debug, Clone, clap::Args)]
pub struct EvaluateArgs {
    /// Folder in the import format whose points.csv has the columns equipment, equipment_type and role
    pub dir: PathBuf,
    /// How many suggestions a simulated reviewer answers from the labels
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub approvals: usize,
    /// Decides which numbers stand for the names with --input samples
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// What the engine may read; with samples alone, names become numbers and units and descriptions are left out
    #[arg(long, value_enum, default_value_t = Input::Both)]
    pub input: Input,
    /// Which pattern of the library a label of equipment_type means, as lines `label,pattern`; aliases.csv of the
    /// folder, if not given. Read for scoring only
    #[arg(long, value_name = "FILE")]
    pub aliases: Option<PathBuf>,
    /// Also write what the engine says of every labelled point in the end, beside its labels, as CSV
    #[arg(long, value_name = "FILE")]
    pub details: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    Names,
    Samples,
    Both,
}

pub async fn run(args: &EvaluateArgs) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("naia-evaluate-").tempdir()?;
    let labels = input::prepare(&args.dir, args.input, args.seed, scratch.path())?;
    let points = labels.len();
    let truth = Truth::new(labels, &truth::read_aliases(&args.dir, args.aliases.as_deref())?)?;
    let shutdown = shutdown_token()?;
    let trial = Trial::start(scratch.path(), &shutdown).await?;
    let outcome = tokio::select! {
        report = evaluate(&trial, scratch.path(), &truth, points, args) => report,
        () = shutdown.cancelled() => Err(anyhow::anyhow!("stopped before it was done")),
    };
    trial.stop().await;
    let report = outcome?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

async fn evaluate(
    trial: &Trial,
    folder: &Path,
    truth: &Truth,
    points: usize,
    args: &EvaluateArgs,
) -> Result<Report> {
    let seconds = trial.import_and_analyse(folder).await?;
    let first_day = measure::measure(&trial.standing().await?, truth);
    let learning_curve = reviewer::answer(trial, truth, args.approvals).await?;
    let standing = trial.standing().await?;
    let after = (args.approvals > 0).then(|| measure::measure(&standing, truth));
    if let Some(file) = &args.details {
        details::write(&standing, truth, file)?;
    }
    Ok(Report::new(args, points, seconds, first_day, after, learning_curve))
}
