//! How long a reviewer waits for what an answer changes: on servers of its own, over REST.

use anyhow::{Context, Result, ensure};
use clap::Args;
use pattern_core::domain::DecisionAction;
use serde_json::json;
use std::{collections::BTreeMap, path::Path};

use super::{
    Common,
    measure::{Measured, median},
    report::Report,
};
use crate::{evaluate::Trial, sample_plant};
use pattern_service::shutdown_token;

const PLANT: &str = "benchmark";

#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// Number of points: a plant of names and units
    #[arg(long, value_name = "N", default_value_t = 6_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    points: u32,
    /// The same seed gives the same plant
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Answers that are given; the median is reported
    #[arg(long, value_name = "TIMES", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

pub async fn answer(args: &AnswerArgs) -> Result<Report> {
    let scratch = tempfile::Builder::new().prefix("naia-benchmark-").tempdir()?;
    let plant = scratch.path().join(PLANT);
    sample_plant::generate_names(&plant, args.points as usize, args.seed)?;
    let shutdown = shutdown_token()?;
    let trial = Trial::start(scratch.path(), PLANT, &shutdown).await?;
    let outcome = tokio::select! {
        outcome = give_answers(&trial, &plant, args) => outcome,
        () = shutdown.cancelled() => Err(anyhow::anyhow!("stopped before it was done")),
    };
    trial.stop().await;
    outcome
}

async fn give_answers(trial: &Trial, plant: &Path, args: &AnswerArgs) -> Result<Report> {
    trial.import_and_analyse(plant).await?;
    let pending = trial.pending_count().await?;
    ensure!(pending > 0, "nothing is asked about this plant; take more --points");
    let (mut sent, mut learned) = (Vec::new(), Vec::new());
    let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..args.repeat {
        let asked = trial.next_question().await?.context("there are fewer questions than --repeat")?;
        let known = asked.suggestion.equipment_question().and_then(|q| q.cluster.equipment_name.as_ref());
        let name = known.unwrap_or(&asked.suggestion.subject.label);
        let body = json!({ "version": asked.suggestion.version, "equipment_name": name });
        let took = trial.decide(&asked.suggestion, DecisionAction::Approve, &body).await?;
        sent.push(took.sent.as_secs_f64());
        learned.push(took.learned.as_secs_f64());
        took.stages.into_iter().for_each(|(job, seconds)| stages.entry(job).or_default().push(seconds));
    }
    let common = Common {
        points: args.points,
        seed: args.seed,
        repeat: args.repeat,
        json: args.json,
        write_input: None,
    };
    let measured = Measured { answer: (), seconds: learned, input_rss_bytes: None };
    let timed =
        "from an approval until everything that it changes is asked anew: evidence, clusters, suggestions";
    let stages: BTreeMap<_, _> = stages.iter().map(|(job, seconds)| (job, median(seconds))).collect();
    let details = [("answer_seconds", json!(median(&sent))), ("stage_seconds", json!(stages))];
    Ok(Report::new("answer", timed, &common, &measured, pending, &details))
}
