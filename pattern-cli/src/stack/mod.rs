//! Everything that `naia up` runs: the servers of its data folder and the services in this process.

mod broker;
mod services;

use anyhow::{Context, Result, bail};
use chrono::Utc;
use pattern_bus::KafkaSettings;
use pattern_core::domain::PatternSource;
use pattern_embedded::{DataDir, EmbeddedPostgres, PostgresUse};
use pattern_store::Store;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::stack_file::StackFile;
use broker::Broker;
pub use broker::BrokerKind;
use services::Services;

const READY_WITHIN: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, clap::Args)]
pub struct StackOptions {
    /// Address of the API and the page; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:5000")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub data: DataDirOption,
    #[command(flatten)]
    pub servers: ServerOptions,
}

/// Which servers a stack uses.
#[derive(Debug, Clone, clap::Args)]
pub struct ServerOptions {
    /// Bootstrap servers of your own Kafka, instead of a private one
    #[arg(long, value_name = "BROKERS", conflicts_with = "broker")]
    pub kafka: Option<String>,
    /// The private broker: Apache Kafka, or librdkafka's in memory (forgets everything when it stops)
    #[arg(long, value_enum)]
    pub broker: Option<BrokerKind>,
    /// URL of your own PostgreSQL database, instead of a private one
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
}

#[derive(Debug, Clone, clap::Args)]
pub struct DataDirOption {
    /// Where the stack keeps its data
    #[arg(
        long = "data-dir",
        value_name = "DIR",
        default_value_os_t = DataDir::default_path(),
        env = "NAIA_DATA_DIR",
        global = true
    )]
    pub path: PathBuf,
}

/// A stack that serves.
pub struct Stack {
    pub file: StackFile,
    data_dir: DataDir,
    services: Services,
    broker: Broker,
    postgres: Option<EmbeddedPostgres>,
}

impl Stack {
    /// Starts everything and returns when the API answers that it is ready.
    pub async fn start(options: &StackOptions, shutdown: &CancellationToken) -> Result<Self> {
        let listener = TcpListener::bind(options.listen).await.with_context(|| {
            format!("{} can not be listened on; choose another address with --listen", options.listen)
        })?;
        let data_dir = DataDir::open(&options.data.path)?;
        StackFile::remove(data_dir.path())?;
        tracing::info!(folder = %data_dir.path().display(), "starting");
        let (postgres, broker) = tokio::select! {
            started = async {
                tokio::try_join!(start_postgres(options, &data_dir), Broker::start(&options.servers, &data_dir))
            } => started?,
            () = shutdown.cancelled() => bail!("stopped while starting"),
        };
        let postgres_url = match (&postgres, &options.servers.postgres) {
            (Some(private), _) => private.url(),
            (None, Some(url)) => url.clone(),
            (None, None) => bail!("there is neither a private postgres nor one of yours"),
        };
        prepare(&postgres_url, &broker).await?;
        let file = StackFile {
            pid: std::process::id(),
            api: format!("http://{}", listener.local_addr()?),
            kafka: broker.bootstrap(),
            postgres: postgres_url,
        };
        let services = Services::start(&file, listener)?;
        let mut stack = Self { file, data_dir, services, broker, postgres };
        let ready = tokio::select! {
            ready = stack.services.wait_until_ready(&stack.file.api, READY_WITHIN) => ready,
            () = shutdown.cancelled() => Err(anyhow::anyhow!("stopped while starting")),
        };
        if let Err(problem) = ready {
            stack.stop().await;
            return Err(problem);
        }
        stack.file.write(stack.data_dir.path())?;
        Ok(stack)
    }

    /// The one line that says where everything is.
    pub fn ready_line(&self) -> String {
        let StackFile { api, kafka, postgres, .. } = &self.file;
        format!("ready api={api} kafka={kafka} postgres={postgres}")
    }

    /// Returns when `shutdown` is cancelled, or with an error when a service ended by itself.
    pub async fn run_until(&mut self, shutdown: &CancellationToken) -> Result<()> {
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            problem = self.services.ended() => Err(problem),
        }
    }

    /// Services first, so that nothing in flight is lost, then the servers they need.
    pub async fn stop(self) {
        if let Err(problem) = StackFile::remove(self.data_dir.path()) {
            tracing::warn!("{problem:#}");
        }
        self.services.stop().await;
        self.broker.stop().await;
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

async fn start_postgres(options: &StackOptions, data_dir: &DataDir) -> Result<Option<EmbeddedPostgres>> {
    if options.servers.postgres.is_some() {
        return Ok(None);
    }
    let postgres = EmbeddedPostgres::start(data_dir, PostgresUse::Stack).await?;
    tracing::info!("postgres serves");
    Ok(Some(postgres))
}

async fn prepare(postgres_url: &str, broker: &Broker) -> Result<()> {
    let store = Store::connect_lazy(postgres_url, 2)?;
    store.migrate().await.context("the database can not be brought up to date")?;
    let library = pattern_core::library::builtin();
    store
        .load_library(&library, PatternSource::Library, Utc::now())
        .await
        .context("the pattern library can not be loaded")?;
    store.close().await;
    let kafka = KafkaSettings::new(broker.bootstrap());
    pattern_bus::topics::ensure_topics(&kafka).await.context("the topics can not be prepared")
}
