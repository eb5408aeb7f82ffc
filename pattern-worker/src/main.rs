use anyhow::Context;
use clap::Parser;
use pattern_config::WorkerConfig;
use pattern_core::domain::PatternSource;
use pattern_store::Store;
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Runs the jobs of Naia Patterns, takes in samples and relays events.
///
/// Settings come from built-in defaults, the file, and NAIA_* variables, later ones winning.
#[derive(Parser)]
#[command(name = "naia-pattern-worker", version)]
struct Arguments {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE", env = "NAIA_CONFIG")]
    config: Option<PathBuf>,
    /// Print the effective configuration, secrets masked, and exit.
    #[arg(long)]
    dump_config: bool,
    /// Bring the database up to this version before starting.
    #[arg(long)]
    run_migrations: bool,
}

#[tokio::main]
async fn main() {
    pattern_config::end(run().await)
}

async fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config: WorkerConfig = pattern_config::load(arguments.config.as_deref())?;
    if arguments.dump_config {
        print!("{}", pattern_config::dump(&config));
        return Ok(());
    }
    config.log.start();

    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone())?);
    if arguments.run_migrations {
        tokio::select! {
            migrated = migrate(&config) => migrated?,
            () = shutdown.cancelled() => return Ok(()),
        }
    }
    pattern_worker::run(config, shutdown).await
}

async fn migrate(config: &WorkerConfig) -> anyhow::Result<()> {
    let store = Store::connect_lazy_beside(&config.postgres.url, config.postgres.direct_url.as_deref(), 2)?;
    store.wait_until_connected().await?;
    store.migrate().await.context("the database cannot be brought up to this version")?;
    let library = pattern_core::library::builtin();
    let now = store.database_time().await?;
    store
        .load_library(&library, PatternSource::Library, now)
        .await
        .context("the pattern library cannot be loaded")?;
    tracing::info!("the database and the pattern library are of this version");
    store.close().await;
    Ok(())
}

/// The first signal lets running jobs end; the second one does not wait.
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
                shutdown.cancel();
            }
        }
        pattern_config::exit(130);
    })
}
