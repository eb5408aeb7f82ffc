//! Everything that `naia up` runs: the servers of its data folder and the services in this process.

mod broker;
mod services;

use anyhow::{Context, Result, bail};
use pattern_bus::KafkaSettings;
use pattern_config::mask_url;
use pattern_embedded::{DataDir, EmbeddedPostgres, PostgresUse};
use pattern_store::Store;
use std::{future::pending, net::SocketAddr, path::PathBuf, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::stack_file::StackFile;
use broker::Broker;
pub use broker::BrokerKind;
use services::{ServiceSettings, Services};

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
    servers: Servers,
}

impl Stack {
    /// Starts everything and returns when the API answers that it is ready.
    pub async fn start(options: &StackOptions, shutdown: &CancellationToken) -> Result<Self> {
        let settings = ServiceSettings::load(options.listen, options.servers.postgres.as_deref())?;
        let listener = TcpListener::bind(options.listen).await.with_context(|| {
            format!("{} cannot be listened on; choose another address with --listen", options.listen)
        })?;
        let data_dir = DataDir::open(&options.data.path)?;
        StackFile::remove(data_dir.path())?;
        tracing::info!(folder = %data_dir.path().display(), "starting");
        let servers = tokio::select! {
            started = Servers::start(&options.servers, &data_dir) => started?,
            () = shutdown.cancelled() => bail!("stopped while starting"),
        };
        match serve(settings, listener, &servers, &data_dir, shutdown).await {
            Ok((file, services)) => Ok(Self { file, data_dir, services, servers }),
            Err(problem) => {
                servers.stop().await;
                Err(problem)
            }
        }
    }

    /// The one line that says where everything is; a password stands in `stack.json` alone.
    pub fn ready_line(&self) -> String {
        let StackFile { api, kafka, postgres, .. } = &self.file;
        format!("ready api={api} kafka={kafka} postgres={}", mask_url(postgres))
    }

    /// What a person should know about the broker.
    pub fn broker_note(&self) -> Option<String> {
        self.servers.broker.note()
    }

    /// Returns when `shutdown` is cancelled, or with an error when a service or a server ended by itself.
    pub async fn run_until(&mut self, shutdown: &CancellationToken) -> Result<()> {
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            problem = self.services.ended() => Err(problem),
            problem = self.servers.ended() => Err(problem),
        }
    }

    /// Services first, so that nothing in flight is lost, then the servers they need.
    pub async fn stop(self) {
        if let Err(problem) = StackFile::remove(self.data_dir.path()) {
            tracing::warn!("{problem:#}");
        }
        self.services.stop().await;
        self.servers.stop().await;
    }
}

/// What the services need, private or yours.
struct Servers {
    postgres: Postgres,
    broker: Broker,
}

enum Postgres {
    Private(EmbeddedPostgres),
    Yours(String),
}

impl Servers {
    async fn start(options: &ServerOptions, data_dir: &DataDir) -> Result<Self> {
        let (postgres, broker) =
            tokio::try_join!(start_postgres(options, data_dir), Broker::start(options, data_dir))?;
        Ok(Self { postgres, broker })
    }

    fn postgres_url(&self) -> String {
        match &self.postgres {
            Postgres::Private(postgres) => postgres.url(),
            Postgres::Yours(url) => url.clone(),
        }
    }

    /// What made a private server end. Returns only then.
    async fn ended(&mut self) -> anyhow::Error {
        let postgres = async {
            match &mut self.postgres {
                Postgres::Private(postgres) => postgres.ended().await,
                Postgres::Yours(_) => pending().await,
            }
        };
        tokio::select! {
            problem = postgres => problem,
            problem = self.broker.ended() => problem,
        }
    }

    async fn stop(self) {
        self.broker.stop().await;
        if let Postgres::Private(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

/// Starts the services on the servers, and writes down where everything is once it is ready.
async fn serve(
    settings: ServiceSettings,
    listener: TcpListener,
    servers: &Servers,
    data_dir: &DataDir,
    shutdown: &CancellationToken,
) -> Result<(StackFile, Services)> {
    let file = StackFile {
        pid: std::process::id(),
        api: format!("http://{}", listener.local_addr()?),
        kafka: servers.broker.bootstrap(),
        postgres: servers.postgres_url(),
    };
    prepare(&file, &settings.kafka(&file.kafka)).await?;
    let mut services = Services::start(settings, &file, listener);
    let ready = tokio::select! {
        ready = services.wait_until_ready(&file.api, READY_WITHIN) => ready,
        () = shutdown.cancelled() => Err(anyhow::anyhow!("stopped while starting")),
    };
    match ready.and_then(|()| file.write(data_dir.path())) {
        Ok(()) => Ok((file, services)),
        Err(problem) => {
            services.stop().await;
            Err(problem)
        }
    }
}

async fn start_postgres(options: &ServerOptions, data_dir: &DataDir) -> Result<Postgres> {
    if let Some(url) = &options.postgres {
        return Ok(Postgres::Yours(url.clone()));
    }
    let postgres = EmbeddedPostgres::start(data_dir, PostgresUse::Stack).await?;
    tracing::info!("postgres serves");
    Ok(Postgres::Private(postgres))
}

async fn prepare(stack: &StackFile, kafka: &KafkaSettings) -> Result<()> {
    let store = Store::connect_lazy(&stack.postgres, 2)?;
    pattern_service::prepare_database(&store).await?;
    store.close().await;
    pattern_bus::topics::ensure_topics(kafka).await.context("the topics cannot be prepared")
}
