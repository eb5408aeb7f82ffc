//! `naia migrate`: what an installation needs before its services start.

use anyhow::{Context, Result};
use pattern_store::Store;

use crate::installation::InstallationOptions;

#[derive(Debug, clap::Args)]
pub struct MigrateArgs {
    /// The database to bring up to this version; that of the configuration or of the running stack, if not given
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Bootstrap servers of the Kafka to prepare; those of the configuration or of the running stack, if not given
    #[arg(long, value_name = "BROKERS", conflicts_with = "without_topics")]
    kafka: Option<String>,
    /// Leave Kafka alone: the worker makes the topics that are missing when it starts
    #[arg(long)]
    without_topics: bool,
    #[command(flatten)]
    installation: InstallationOptions,
}

pub async fn run(args: &MigrateArgs) -> Result<()> {
    let store = Store::connect_lazy(&args.installation.postgres_url(args.postgres.as_deref())?, 2)?;
    store.wait_until_connected().await?;
    pattern_service::prepare_database(&store).await?;
    store.close().await;
    println!("the database and the pattern library are of this version");
    if !args.without_topics {
        let kafka = args.installation.kafka(args.kafka.as_deref())?;
        pattern_bus::topics::ensure_topics(&kafka)
            .await
            .context("the topics cannot be prepared; --without-topics leaves that to the worker")?;
        println!("the topics are there");
    }
    Ok(())
}
