//! Which PostgreSQL and which Kafka a command works with: those that are named, else those that the services are
//! configured with, else those of the running stack.

use anyhow::{Context, Result};
use pattern_bus::KafkaSettings;
use pattern_config::{ApiConfig, KafkaConfig, ServersConfig};
use std::{env, path::PathBuf};

use crate::{stack::DataDirOption, stack_file::StackFile};

/// The services' configuration is asked where it is named, or where one of its variables says where a server is.
const VARIABLES: [&str; 2] = ["NAIA_POSTGRES__", "NAIA_KAFKA__"];

#[derive(Debug, Clone, clap::Args)]
pub struct InstallationOptions {
    /// The services' configuration file, to use their PostgreSQL and Kafka (NAIA_* variables count as there)
    #[arg(long, value_name = "FILE", env = "NAIA_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    data: DataDirOption,
}

impl InstallationOptions {
    /// The PostgreSQL to work with. `named`: what `--postgres` says.
    pub fn postgres_url(&self, named: Option<&str>) -> Result<String> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        match self.configured()? {
            // What a command does needs sessions, or is not hurt by them.
            Some(ServersConfig { postgres, .. }) => Ok(postgres.direct_url.unwrap_or(postgres.url)),
            None => Ok(self.running("a database with --postgres")?.postgres),
        }
    }

    /// The Kafka to work with. `named`: the bootstrap servers that `--kafka` says; everything else is as configured.
    pub fn kafka(&self, named: Option<&str>) -> Result<KafkaSettings> {
        let configured = self.configured()?.map(|servers| servers.kafka);
        let is_configured = configured.is_some();
        let KafkaConfig { bootstrap_servers, topic_prefix, options, .. } = configured.unwrap_or_default();
        let mut kafka = KafkaSettings { bootstrap: bootstrap_servers, topic_prefix, options };
        match named {
            Some(named) => kafka.bootstrap = named.to_owned(),
            None if !is_configured => kafka.bootstrap = self.running("brokers with --kafka")?.kafka,
            None => {}
        }
        Ok(kafka)
    }

    /// The address of the API that shows what is in the PostgreSQL at `url`: that of the running stack, or the one that
    /// is configured. Whether it runs is another question.
    pub fn api_of(&self, url: &str) -> Option<String> {
        let stack = StackFile::read(&self.data.path).ok().flatten().filter(|stack| stack.postgres == url);
        if let Some(stack) = stack {
            return Some(stack.api);
        }
        let servers = self.configured().ok()??;
        let is_its = servers.postgres.direct_url.as_deref() == Some(url) || servers.postgres.url == url;
        let ApiConfig { api, .. } = pattern_config::load(self.config.as_deref()).ok().filter(|_| is_its)?;
        Some(format!("http://{}", api.listen))
    }

    fn configured(&self) -> Result<Option<ServersConfig>> {
        let is_set = |name: String| VARIABLES.iter().any(|variable| name.starts_with(variable));
        if self.config.is_none()
            && !env::vars_os().any(|(name, _)| is_set(name.to_string_lossy().into_owned()))
        {
            return Ok(None);
        }
        Ok(Some(pattern_config::load(self.config.as_deref())?))
    }

    fn running(&self, what_to_name: &str) -> Result<StackFile> {
        let data_dir = &self.data.path;
        StackFile::read(data_dir)?.with_context(|| {
            format!(
                "no stack runs from the data folder {}; start one with `naia up`, or name {what_to_name} or the \
                 services' configuration with --config",
                data_dir.display()
            )
        })
    }
}
