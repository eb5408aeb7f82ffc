//! `naia benchmark`: how long the mathematics takes, on seeded synthetic input that other programs can
//! be given too.

mod answer;
mod changes;
mod graph;
mod machine;
mod measure;
mod npy;
mod report;
mod series;
mod work;

use answer::AnswerArgs;
use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// 8 GiB of f32: more than any plant, and less than what an allocation dies of unexplained.
const MOST_VALUES: u64 = 1 << 31;

#[derive(Debug, Subcommand)]
pub enum BenchmarkCommand {
    /// All pairs of points whose |r| reaches the threshold
    Correlation(CorrelationArgs),
    /// The fingerprint of each point
    Fingerprint(FingerprintArgs),
    /// Leiden (CPM) on a graph with planted groups
    Cluster(ClusterArgs),
    /// Episodes in a stream of changes of behaviour
    Episode(EpisodeArgs),
    /// From an approval to what it changes, with a database, a worker and an API of its own
    Answer(AnswerArgs),
}

#[derive(Debug, Args)]
struct Common {
    /// Number of points
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    points: u32,
    /// The same seed gives the same input
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Times that are measured; the median is reported
    #[arg(long, value_name = "TIMES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Also write the input into this folder, as .npy files
    #[arg(long, value_name = "DIR")]
    write_input: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CorrelationArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    length: Length,
    /// Smallest |r| that is kept
    #[arg(long, value_name = "R", default_value_t = 0.75, value_parser = share)]
    threshold: f64,
}

#[derive(Debug, Args)]
pub struct FingerprintArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    length: Length,
}

#[derive(Debug, Args)]
struct Length {
    /// Samples of each point, one in 15 minutes
    #[arg(long, value_name = "T", default_value_t = 672, value_parser = clap::value_parser!(u32).range(8..=1_000_000))]
    samples: u32,
}

#[derive(Debug, Args)]
pub struct ClusterArgs {
    #[command(flatten)]
    common: Common,
    /// Samples behind each correlation of the graph: the fewer, the more its weights err
    #[arg(long, value_name = "T", default_value_t = 672, value_parser = clap::value_parser!(u32).range(8..=1_000_000))]
    samples: u32,
    /// Smallest |r| that is an edge
    #[arg(long, value_name = "R", default_value_t = 0.75, value_parser = share)]
    threshold: f64,
    /// Mean weight per pair from which points are a group
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.05, value_parser = share)]
    resolution: f64,
}

#[derive(Debug, Args)]
pub struct EpisodeArgs {
    #[command(flatten)]
    common: Common,
    /// Number of changes
    #[arg(long, value_name = "M", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    changes: u32,
    /// How the changes lie in time
    #[arg(long, value_enum, default_value_t = changes::Shape::Bursts)]
    shape: changes::Shape,
}

pub async fn run(command: &BenchmarkCommand) -> Result<()> {
    let (report, json) = match command {
        BenchmarkCommand::Correlation(args) => (work::correlation(args)?, args.common.json),
        BenchmarkCommand::Fingerprint(args) => (work::fingerprint(args)?, args.common.json),
        BenchmarkCommand::Cluster(args) => (work::cluster(args)?, args.common.json),
        BenchmarkCommand::Episode(args) => (work::episode(args)?, args.common.json),
        BenchmarkCommand::Answer(args) => (answer::answer(args).await?, args.json),
    };
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", report.in_words());
    }
    Ok(())
}

fn share(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if number > 0.0 && number <= 1.0 { Ok(number) } else { Err("must be above 0 and at most 1".to_owned()) }
}

/// Points and samples as sizes, when their product can be held.
fn shape(common: &Common, length: &Length) -> Result<(usize, usize)> {
    let values = u64::from(common.points) * u64::from(length.samples);
    ensure!(
        values <= MOST_VALUES,
        "{} points of {} samples are {values} values; at most {MOST_VALUES} fit: lower --points or --samples",
        common.points,
        length.samples
    );
    Ok((common.points as usize, length.samples as usize))
}
