//! `naia sample-plant DIR`

use anyhow::Result;
use chrono::{DateTime, Utc};
use std::path::PathBuf;

/// Write a small simulated plant in the import format
#[derive(Debug, clap::Args)]
pub struct SamplePlantArgs {
    /// Folder to write points.csv and samples.csv.gz to
    dir: PathBuf,
    /// The same seed and end give the same plant
    #[arg(long, default_value_t = super::DEFAULT_SEED)]
    seed: u64,
    /// When the eight days end (RFC 3339); now, if not given
    #[arg(long)]
    end: Option<DateTime<Utc>>,
}

pub fn run(args: &SamplePlantArgs) -> Result<()> {
    super::generate(&args.dir, args.end.unwrap_or_else(Utc::now), args.seed)?;
    println!("wrote points.csv and samples.csv.gz to {}", args.dir.display());
    println!("import it with `naia import {}`", args.dir.display());
    Ok(())
}
