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

use pattern_service::shutdown_token;
use report::{Report, Seconds};
pub use trial::Trial;
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
    /// Another labelled folder that is a data source beside it: its questions are answered first, so that one sees
    /// what is learned from one plant for another
    #[arg(long, value_name = "DIR")]
    pub transfer_from: Option<PathBuf>,
    /// How many suggestions are answered there
    #[arg(long, value_name = "K", default_value_t = 50, requires = "transfer_from")]
    pub transfer_approvals: usize,
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

const EVALUATED: &str = "evaluation";
const OTHER: &str = "other-plant";

/// A folder as the engine is given it, and what people say of it.
struct Plant {
    folder: PathBuf,
    truth: Truth,
    points: usize,
}

impl Plant {
    fn prepare(args: &EvaluateArgs, dir: &Path, aliases: Option<&Path>, folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let labels = input::prepare(dir, args.input, args.seed, &folder)?;
        let points = labels.len();
        Ok(Self { truth: Truth::new(labels, &truth::read_aliases(dir, aliases)?)?, folder, points })
    }
}

pub async fn run(args: &EvaluateArgs) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("naia-evaluate-").tempdir()?;
    let plant = Plant::prepare(args, &args.dir, args.aliases.as_deref(), scratch.path().join(EVALUATED))?;
    let other = args
        .transfer_from
        .as_deref()
        .map(|dir| Plant::prepare(args, dir, None, scratch.path().join(OTHER)))
        .transpose()?;
    let shutdown = shutdown_token()?;
    let mut trial = Trial::start(scratch.path(), OTHER, &shutdown).await?;
    let outcome = tokio::select! {
        report = evaluate(&mut trial, &plant, other.as_ref(), args) => report,
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
    trial: &mut Trial,
    plant: &Plant,
    other: Option<&Plant>,
    args: &EvaluateArgs,
) -> Result<Report> {
    let mut transferred = None;
    if let Some(other) = other {
        trial.import_and_analyse(&other.folder).await?;
        transferred = reviewer::answer(trial, &other.truth, args.transfer_approvals).await?.pop();
    }
    trial.turn_to(EVALUATED);
    let (import, analysis) = trial.import_and_analyse(&plant.folder).await?;
    let first_day = measure::measure(&trial.standing().await?, &plant.truth);
    let learning_curve = reviewer::answer(trial, &plant.truth, args.approvals).await?;
    let standing = trial.standing().await?;
    let after = (args.approvals > 0).then(|| measure::measure(&standing, &plant.truth));
    if let Some(file) = &args.details {
        details::write(&standing, &plant.truth, file)?;
    }
    Ok(Report {
        folder: args.dir.display().to_string(),
        input: args.input,
        seed: args.seed,
        points: plant.points,
        transferred,
        seconds: Seconds { import, analysis },
        first_day,
        after_approvals: after,
        learning_curve,
    })
}
