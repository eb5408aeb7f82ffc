use anyhow::Context;
use clap::Parser;
use pattern_config::ApiConfig;
use std::path::PathBuf;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

/// Gives memory back to the system seconds after a crowd has left; glibc's keeps it for good.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
async fn main() {
    pattern_config::end(run().await)
}

async fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config: ApiConfig = pattern_config::load(arguments.config.as_deref())?;
    if arguments.dump_config {
        print!("{}", pattern_config::dump(&config));
        return Ok(());
    }
    config.log.start();
    let listener = TcpListener::bind(config.api.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another api.listen", config.api.listen))?;
    tracing::info!(
        "serving http://{} to this machine only: no authentication is configured",
        listener.local_addr()?
    );
    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone())?);
    pattern_api::run(config, listener, shutdown).await
}

/// The first signal lets requests end; the second one does not wait.
fn cancel_on_signal(shutdown: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                tracing::info!("stopping; once more to stop at once");
                shutdown.cancel();
            }
        }
        pattern_config::exit(130);
    })
}
