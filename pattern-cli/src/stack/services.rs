use anyhow::{Result, anyhow, bail};
use pattern_bus::KafkaSettings;
use pattern_config::{ApiConfig, KafkaConfig, WorkerConfig};
use pattern_embedded::poll;
use pattern_service::Readiness;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::stack_file::StackFile;

/// What the services take to stop beside the time that the API gives its clients.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How the services are set: `NAIA_*` variables configure them as they do the programs.
pub struct ServiceSettings {
    worker: WorkerConfig,
    api: ApiConfig,
}

impl ServiceSettings {
    /// `postgres`: your own, where it is not the configured one.
    pub fn load(listen: SocketAddr, postgres: Option<&str>) -> Result<Self> {
        let worker = pattern_config::load(None)?;
        let mut api: ApiConfig = pattern_config::load(None)?;
        api.api.listen = listen;
        if let Some(url) = postgres {
            api.postgres.url = url.to_owned();
        }
        let problems = pattern_config::Settings::problems(&api);
        if !problems.is_empty() {
            bail!("{}", problems.join("\n"));
        }
        Ok(Self { worker, api })
    }

    pub fn kafka(&self, bootstrap: &str) -> KafkaSettings {
        let KafkaConfig { topic_prefix, options, .. } = self.worker.kafka.clone();
        KafkaSettings { bootstrap: bootstrap.to_owned(), topic_prefix, options }
    }
}

/// The worker and the API, as their own programs run them, in this process.
pub struct Services {
    running: JoinSet<(&'static str, Result<()>)>,
    shutdown: CancellationToken,
    stop_within: Duration,
}

impl Services {
    /// The addresses are the stack's.
    pub fn start(settings: ServiceSettings, file: &StackFile, listener: TcpListener) -> Self {
        let ServiceSettings { mut worker, mut api } = settings;
        worker.postgres.url.clone_from(&file.postgres);
        worker.kafka.bootstrap_servers.clone_from(&file.kafka);
        api.postgres.url.clone_from(&file.postgres);
        api.kafka.bootstrap_servers.clone_from(&file.kafka);
        let stop_within = STOP_WITHIN + Duration::from_secs(api.api.drain_seconds);
        let shutdown = CancellationToken::new();
        let mut running = JoinSet::new();
        let stop = shutdown.clone();
        running.spawn(async move {
            ("the worker", pattern_worker::run(worker, Readiness::default(), stop).await)
        });
        let stop = shutdown.clone();
        running.spawn(async move {
            ("the api", pattern_api::run(api, listener, Readiness::default(), stop).await)
        });
        Self { running, shutdown, stop_within }
    }

    pub async fn wait_until_ready(&mut self, api: &str, limit: Duration) -> Result<()> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        let url = format!("{api}/health/ready");
        let answers = poll(limit, || {
            let request = client.get(&url).send();
            async move { request.await.ok().filter(|answer| answer.status().is_success()).map(drop) }
        });
        tokio::select! {
            answered = answers => {
                answered.ok_or_else(|| anyhow!("the api is not ready after {} s; ask {url} why", limit.as_secs()))
            }
            problem = Self::first_end(&mut self.running) => Err(problem),
        }
    }

    /// What made a service end that should have gone on.
    pub async fn ended(&mut self) -> anyhow::Error {
        Self::first_end(&mut self.running).await
    }

    async fn first_end(running: &mut JoinSet<(&'static str, Result<()>)>) -> anyhow::Error {
        match running.join_next().await {
            Some(ended) => {
                why(ended).unwrap_or_else(|| anyhow!("a service ended although nobody stopped it"))
            }
            None => anyhow!("no service runs"),
        }
    }

    pub async fn stop(mut self) {
        self.shutdown.cancel();
        let all = async {
            while let Some(ended) = self.running.join_next().await {
                if let Some(problem) = why(ended) {
                    tracing::warn!("{problem:#}");
                }
            }
        };
        if timeout(self.stop_within, all).await.is_err() {
            tracing::warn!("the services did not stop in {} s and are cut off", self.stop_within.as_secs());
        }
    }
}

fn why(ended: Result<(&'static str, Result<()>), JoinError>) -> Option<anyhow::Error> {
    match ended {
        Ok((_, Ok(()))) => None,
        Ok((service, Err(problem))) => Some(problem.context(format!("{service} failed"))),
        Err(problem) => Some(anyhow!("a service broke: {problem}")),
    }
}
