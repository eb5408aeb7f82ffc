//! What both services are around their own work: arguments, configuration, logs, traces, metrics, signals, migrations, and
//! how the process ends.

mod afresh;
mod ending;
mod listener;
pub mod logging;
pub mod metrics;
mod migrations;
mod notify;
mod readiness;
mod servers;
mod signals;
mod telemetry;

use clap::{CommandFactory, FromArgMatches, Parser};
use pattern_config::{ApiConfig, LogConfig, PostgresConfig, Settings, TelemetryConfig, WorkerConfig};
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

pub use ending::{end, exit};
pub use listener::PROMETHEUS_TEXT;
pub use migrations::{migrate, prepare_database};
pub use readiness::{Readiness, State};
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

/// What every service is told on the command line, and what one alone is.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments<Own: clap::Args> {
    /// Configuration file (TOML). NAIA_* variables win over it.
    #[arg(long, value_name = "FILE", env = "NAIA_CONFIG")]
    config: Option<PathBuf>,
    /// Print the effective configuration, secrets masked, and exit.
    #[arg(long)]
    dump_config: bool,
    /// Bring the database up to this version before starting.
    #[arg(long)]
    run_migrations: bool,
    #[command(flatten)]
    own: Own,
}

/// Of a service that is told nothing that others are not.
#[derive(Debug, clap::Args)]
pub struct NoArguments {}

/// What a service begins with.
#[derive(Debug)]
pub struct Start<Config, Own = NoArguments> {
    pub config: Config,
    pub config_file: Option<PathBuf>,
    pub arguments: Own,
    pub readiness: Readiness,
    pub shutdown: CancellationToken,
}

/// What the shell needs of a service's configuration.
pub trait ServiceConfig: Settings {
    fn log(&self) -> &LogConfig;
    fn telemetry(&self) -> &TelemetryConfig;
    fn postgres(&self) -> &PostgresConfig;
    /// Where metrics and health are served to those who watch, and the key that says so.
    fn metrics_listen(&self) -> (&'static str, &str);
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

    fn metrics_listen(&self) -> (&'static str, &str) {
        ("worker.metrics_listen", &self.worker.metrics_listen)
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

    fn metrics_listen(&self) -> (&'static str, &str) {
        ("api.metrics_listen", &self.api.metrics_listen)
    }
}

/// The command line of a service.
pub fn command<Own: clap::Args>(service: Service) -> clap::Command {
    Arguments::<Own>::command().name(service.name).about(service.about)
}

/// The whole life of a service's process: `serve` runs until the token is cancelled.
pub async fn run<Config, Own, Serving>(
    service: Service,
    serve: impl FnOnce(Start<Config, Own>) -> Serving,
) -> !
where
    Config: ServiceConfig,
    Own: clap::Args,
    Serving: Future<Output = anyhow::Result<()>>,
{
    end(life(service, serve).await)
}

async fn life<Config, Own, Serving>(
    service: Service,
    serve: impl FnOnce(Start<Config, Own>) -> Serving,
) -> anyhow::Result<()>
where
    Config: ServiceConfig,
    Own: clap::Args,
    Serving: Future<Output = anyhow::Result<()>>,
{
    let matches = command::<Own>(service).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let config: Config = pattern_config::load(arguments.config.as_deref())?;
    if arguments.dump_config {
        print!("{}", pattern_config::dump(&config));
        return Ok(());
    }
    let telemetry = Telemetry::of(service.name, config.telemetry());
    logging::start_service(config.log(), &telemetry);
    metrics::start();
    let shutdown = shutdown_token()?;
    let readiness = Readiness::default();
    notify::start(readiness.clone(), shutdown.clone());
    let (key, address) = config.metrics_listen();
    if !address.is_empty() {
        listener::start(address, key, readiness.clone()).await;
    }
    if arguments.run_migrations {
        readiness.waiting("the database is brought up to this version");
        tokio::select! {
            migrated = migrate(config.postgres()) => migrated?,
            () = shutdown.cancelled() => return Ok(()),
        }
    }
    let Arguments { config: config_file, own, .. } = arguments;
    let outcome = serve(Start { config, config_file, arguments: own, readiness, shutdown }).await;
    telemetry.end().await;
    outcome
}
