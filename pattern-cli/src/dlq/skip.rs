use anyhow::{Context, Result};
use pattern_bus::datapoints::{SkippedRecord, skip_record};
use pattern_store::Store;

use super::impatient;
use crate::installation::InstallationOptions;

#[derive(Debug, clap::Args)]
pub struct SkipArgs {
    /// Partition that does not move on
    partition: i32,
    /// Skip only if this is the offset that would be read next (the worker's log names it)
    #[arg(long)]
    offset: Option<i64>,
    /// Why, for whoever reads the dead letter
    #[arg(long, default_value = "skipped by hand")]
    reason: String,
    /// Bootstrap servers; those of the configuration or of the running stack, if not given
    #[arg(long, value_name = "BROKERS")]
    kafka: Option<String>,
    /// What stands before the topics' names; as configured (`kafka.topic_prefix`), if not given
    #[arg(long, value_name = "PREFIX")]
    topic_prefix: Option<String>,
}

/// Prints what was skipped, and how to get it back.
pub async fn skip(store: &Store, args: &SkipArgs, installation: &InstallationOptions) -> Result<()> {
    let mut kafka = impatient(installation.kafka(args.kafka.as_deref())?);
    if let Some(prefix) = &args.topic_prefix {
        kafka.topic_prefix.clone_from(prefix);
    }
    let SkippedRecord { topic, partition, offset, bytes, left } =
        skip_record(&kafka, store, args.partition, args.offset, &args.reason)
            .await
            .with_context(|| format!("nothing was skipped in partition {}", args.partition))?;
    println!("skipped {topic}/{partition}@{offset} ({bytes} bytes), {left} left behind it");
    println!("it is kept as a dead letter: `naia dlq list` shows it, `naia dlq redrive` sends it again");
    Ok(())
}
