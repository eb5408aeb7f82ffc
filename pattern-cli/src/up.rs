use anyhow::Result;
use pattern_config::WorkerConfig;
use pattern_service::{Telemetry, shutdown_token};

use crate::{
    logging,
    stack::{Stack, StackOptions},
};

/// Starts the stack, prints the ready line and serves until it is told to stop.
pub async fn run(options: &StackOptions) -> Result<()> {
    let config: WorkerConfig = pattern_config::load(None)?;
    let telemetry = Telemetry::of("naia", &config.telemetry);
    logging::start(&config.log, &telemetry);
    pattern_service::metrics::start();
    let shutdown = shutdown_token()?;
    let mut stack = Stack::start(options, &shutdown).await?;
    if let Some(note) = stack.broker_note() {
        tracing::warn!("{note}");
    }
    println!("{}", stack.ready_line());
    tracing::info!(page = %stack.file.api, "serving; Ctrl-C stops");
    let outcome = stack.run_until(&shutdown).await;
    stack.stop().await;
    telemetry.end().await;
    tracing::info!("stopped");
    outcome
}
