use anyhow::Context;
use clap::Parser;
use pattern_config::ApiConfig;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves REST, the WebSocket and the page of Naia Patterns.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// TOML file; `NAIA_*` variables win over it.
    #[arg(long, env = "NAIA_CONFIG")]
    config: Option<PathBuf>,
    /// Prints the effective configuration, secrets masked, and exits.
    #[arg(long)]
    dump_config: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config: ApiConfig = pattern_config::load(arguments.config.as_deref())?;
    if arguments.dump_config {
        print!("{}", pattern_config::dump(&config));
        return Ok(());
    }
    config.log.start();
    let listener = TcpListener::bind(config.api.listen)
        .await
        .with_context(|| format!("can not listen on {}; choose another api.listen", config.api.listen))?;
    tracing::info!(
        "serving http://{} to this machine only: no authentication is configured",
        listener.local_addr()?
    );
    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone()));
    pattern_api::run(config, listener, shutdown).await
}

async fn cancel_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    shutdown.cancel();
}
