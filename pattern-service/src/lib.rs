//! What both services are around their own work: arguments, configuration, logs, traces, metrics, signals, migrations, and
//! how the process ends.

mod afresh;
mod ending;
pub mod logging;
pub mod metrics;
mod servers;
mod signals;
mod telemetry;

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser};
use pattern_config::{ApiConfig, LogConfig, PostgresConfig, Settings, TelemetryConfig, WorkerConfig};
use pattern_core::domain::PatternSource;
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

pub use ending::{end, exit};
pub use servers::{kafka, store};
pub use signals::shutdown_token;
pub use telemetry::Telemetry;

/// A service's name and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Of the program, and in traces.
    pub name: &'static str,
    pub about: &'static str,
}

/// What both services are told on the command line.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Configuration file (TOML). NAIA_* variables win over it.
    #[arg(long, value_name = "FILE", env = "NAIA_CONFIG")]
    config: Option<PathBuf>,
    /// Print the effective configuration, secrets masked, and exit.
    #[arg(long)]
    dump_config: bool,
    /// Bring the database up to this version before starting.
    #[arg(long)]
    run_migrations: bool,
}

/// What the shell needs of a service's configuration.
pub trait ServiceConfig: Settings {
    fn log(&self) -> &LogConfig;
    fn telemetry(&self) -> &TelemetryConfig;
    fn postgres(&self) -> &PostgresConfig;
    /// Where metrics are served, unless the service serves them itself.
    fn metrics_listen(&self) -> Option<&str>;
}

impl ServiceConfig for WorkerConfig {
    fn log(&self) -> &LogConfig {
        &self.log
    }

    fn telemetry(&self) -> &TelemetryConfig {
        &self.telemetry
    }

    fn postgres(&self) -> &PostgresConfig {
        &self.postgres
    }

    fn metrics_listen(&self) -> Option<&str> {
        Some(self.worker.metrics_listen.as_str()).filter(|address| !address.is_empty())
    }
}

impl ServiceConfig for ApiConfig {
    fn log(&self) -> &LogConfig {
        &self.log
    }

    fn telemetry(&self) -> &TelemetryConfig {
        &self.telemetry
    }

    fn postgres(&self) -> &PostgresConfig {
        &self.postgres
    }

    fn metrics_listen(&self) -> Option<&str> {
        None
    }
}

/// The whole life of a service's process: `serve` runs until the token is cancelled.
pub async fn run<Config, Serving>(
    service: Service,
    serve: impl FnOnce(Config, CancellationToken) -> Serving,
) -> !
where
    Config: ServiceConfig,
    Serving: Future<Output = anyhow::Result<()>>,
{
    end(life(service, serve).await)
}

async fn life<Config, Serving>(
    service: Service,
    serve: impl FnOnce(Config, CancellationToken) -> Serving,
) -> anyhow::Result<()>
where
    Config: ServiceConfig,
    Serving: Future<Output = anyhow::Result<()>>,
{
    let command = Arguments::command().name(service.name).about(service.about);
    let arguments = Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let config: Config = pattern_config::load(arguments.config.as_deref())?;
    if arguments.dump_config {
        print!("{}", pattern_config::dump(&config));
        return Ok(());
    }
    let telemetry = Telemetry::of(service.name, config.telemetry());
    logging::start_service(config.log(), &telemetry);
    metrics::start(config.metrics_listen());
    let shutdown = shutdown_token()?;
    if arguments.run_migrations {
        tokio::select! {
            migrated = migrate(config.postgres()) => migrated?,
            () = shutdown.cancelled() => return Ok(()),
        }
    }
    let outcome = serve(config, shutdown).await;
    telemetry.end().await;
    outcome
}

async fn migrate(postgres: &PostgresConfig) -> anyhow::Result<()> {
    let store = store(&PostgresConfig { max_connections: 2, ..postgres.clone() })?;
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
