use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rdkafka::{
    ClientConfig,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use uuid::Uuid;

use crate::{
    DataDir, KafkaPrograms,
    child::{self, Server, Setting, Signal},
    ports::free_port,
    wait::poll,
};

const STARTS: usize = 3;
const READY_WITHIN: Duration = Duration::from_secs(120);
const HEAP_MEGABYTES: u32 = 256;

/// A private Apache Kafka (one KRaft node) that stops with this process. Topics and their records
/// stay in the data folder.
pub struct EmbeddedKafka {
    server: Server,
    port: u16,
    secured: Option<u16>,
}

/// One more listener, for clients that encrypt and authenticate.
#[derive(Debug, Clone, Default)]
pub struct SecuredListener {
    /// `SSL` or `SASL_SSL`.
    pub protocol: String,
    /// Lines of the broker's properties: its certificate, its mechanisms.
    pub properties: String,
    /// What the storage tool is told of users, as `SCRAM-SHA-512=[name=…,password=…]`. Counts in a new data folder.
    pub scram_users: Vec<String>,
}

struct Ports {
    broker: u16,
    controller: u16,
    secured: Option<u16>,
}

impl EmbeddedKafka {
    /// Starts the broker on the data folder, formatting it first where it is new.
    pub async fn start(data_dir: &DataDir, programs: &KafkaPrograms) -> Result<Self> {
        Self::start_with(data_dir, programs, None).await
    }

    /// As `start`, with one more listener at `secured_bootstrap`.
    pub async fn start_with(
        data_dir: &DataDir,
        programs: &KafkaPrograms,
        listener: Option<&SecuredListener>,
    ) -> Result<Self> {
        let folder = data_dir.folder("kafka")?;
        let mut last = ports_of_last_start(&folder);
        let mut problem = anyhow!("kafka was not started");
        for _ in 0..STARTS {
            let last = last.take();
            let broker = free_port(last.as_ref().map(|p| p.broker))?;
            let mut controller = free_port(last.as_ref().map(|p| p.controller))?;
            while controller == broker {
                controller = free_port(None)?;
            }
            let mut secured = None;
            while listener.is_some() && secured.is_none_or(|port| [broker, controller].contains(&port)) {
                secured = Some(free_port(None)?);
            }
            let properties = write_properties(&folder, &Ports { broker, controller, secured }, listener)?;
            format_once(&folder, programs, &properties, listener).await?;
            let mut command = programs.command(HEAP_MEGABYTES, "kafka.Kafka");
            command.arg(&properties);
            // Its log is safe without a farewell, and a farewell could hang.
            let setting = Setting { run_as: None, handed_down: None, orphaned: Signal::SIGKILL };
            let server = Server::start("kafka", command, setting, &data_dir.path().join("kafka.log"))?;
            let mut kafka = Self { server, port: broker, secured };
            match kafka.wait_until_ready().await {
                Ok(()) => return Ok(kafka),
                Err(e) => problem = e,
            }
        }
        Err(problem)
    }

    /// `127.0.0.1:port`
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `127.0.0.1:port` of the listener that it was started with besides.
    pub fn secured_bootstrap(&self) -> Option<String> {
        self.secured.map(|port| format!("127.0.0.1:{port}"))
    }

    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Waits until it has ended although nobody stopped it, and says so.
    pub async fn ended(&mut self) -> anyhow::Error {
        self.server.unexpected_end().await
    }

    /// Lets it write everything to disk and end.
    pub async fn stop(self) {
        self.server
            .stop(&[(Signal::SIGTERM, Duration::from_secs(15)), (Signal::SIGKILL, Duration::from_secs(5))])
            .await;
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let bootstrap = self.bootstrap();
        let server = &mut self.server;
        let answered = poll(READY_WITHIN, || {
            let ended = server.ended();
            let bootstrap = bootstrap.clone();
            async move {
                if let Some(status) = ended {
                    return Some(Err(status));
                }
                let asked = tokio::task::spawn_blocking(move || answers(&bootstrap)).await;
                asked.unwrap_or(false).then_some(Ok(()))
            }
        });
        match answered.await {
            Some(Ok(())) => Ok(()),
            Some(Err(status)) => bail!("kafka ended at once ({status}):\n{}", server.last_words()),
            None => {
                bail!("kafka does not answer after {} s:\n{}", READY_WITHIN.as_secs(), server.last_words())
            }
        }
    }
}

/// Whether a broker tells about its cluster.
fn answers(bootstrap: &str) -> bool {
    // A client that finds the port closed logs and waits: look first.
    let Ok(address) = bootstrap.parse() else { return false };
    if std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
        return false;
    }
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set_log_level(RDKafkaLogLevel::Emerg);
    let Ok(client) = config.create::<BaseConsumer>() else { return false };
    client.fetch_metadata(None, Duration::from_secs(2)).is_ok_and(|m| !m.brokers().is_empty())
}

fn write_properties(folder: &Path, ports: &Ports, listener: Option<&SecuredListener>) -> Result<PathBuf> {
    let Ports { broker, controller, secured } = ports;
    let logs = folder.join("logs");
    let protocol = listener.map_or("SSL", |listener| listener.protocol.as_str());
    let secured = secured.map(|port| format!(",{protocol}://127.0.0.1:{port}")).unwrap_or_default();
    let more = listener.map(|listener| listener.properties.as_str()).unwrap_or_default();
    // The session is short because a broker that was killed is let in again only when it is over.
    let text = format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}{secured}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}{secured}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
controller.listener.names=CONTROLLER
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
log.cleaner.dedupe.buffer.size=16777216
{more}",
        logs = logs.display()
    );
    let file = folder.join("server.properties");
    fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(file)
}

fn ports_of_last_start(folder: &Path) -> Option<Ports> {
    let text = fs::read_to_string(folder.join("server.properties")).ok()?;
    let port_after = |start: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(start))?;
        rest.split(',').next()?.parse().ok()
    };
    Some(Ports {
        broker: port_after("advertised.listeners=PLAINTEXT://127.0.0.1:")?,
        controller: port_after("controller.quorum.voters=1@127.0.0.1:")?,
        secured: None,
    })
}

/// The mark is written last, so a format that was cut off is done again.
async fn format_once(
    folder: &Path,
    programs: &KafkaPrograms,
    properties: &Path,
    listener: Option<&SecuredListener>,
) -> Result<()> {
    let mark = folder.join("formatted");
    if mark.exists() {
        return Ok(());
    }
    tracing::info!(folder = %folder.display(), "making a private kafka");
    let logs = folder.join("logs");
    if logs.exists() {
        fs::remove_dir_all(&logs).with_context(|| format!("{} cannot be removed", logs.display()))?;
    }
    let cluster_id = new_cluster_id();
    let mut format = programs.command(HEAP_MEGABYTES, "kafka.tools.StorageTool");
    format.args(["format", "-t", &cluster_id, "-c"]).arg(properties).stdin(Stdio::null());
    for user in listener.into_iter().flat_map(|listener| &listener.scram_users) {
        format.args(["--add-scram", user]);
    }
    child::prepare(&mut format, Setting { run_as: None, handed_down: None, orphaned: Signal::SIGKILL });
    let outcome =
        tokio::task::spawn_blocking(move || format.output()).await.context("formatting was cut off")?;
    let outcome = outcome.context("kafka's storage tool could not be started")?;
    if !outcome.status.success() {
        let said = [outcome.stdout, outcome.stderr].concat();
        bail!(
            "kafka's storage could not be formatted ({}):\n{}",
            outcome.status,
            String::from_utf8_lossy(&said).trim()
        );
    }
    fs::write(&mark, cluster_id).with_context(|| format!("{} cannot be written", mark.display()))?;
    Ok(())
}

/// 16 random bytes as Kafka writes them. Its command line takes a leading dash for an option.
fn new_cluster_id() -> String {
    loop {
        let id = URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes());
        if !id.starts_with('-') {
            return id;
        }
    }
}
