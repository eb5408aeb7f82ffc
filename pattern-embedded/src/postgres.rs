use anyhow::{Context, Result, anyhow, bail};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use std::{fs, path::Path, time::Duration};

use crate::{
    DataDir,
    child::{Server, Signal},
    ports::free_port,
    postgres_cluster::{Cluster, PostgresUse, USER},
    postgres_orphan::end_orphan,
    postgres_programs::PostgresPrograms,
    wait::poll,
};

const STARTS: usize = 3;
/// Long, because it replays its log first when it was killed.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// A private PostgreSQL that stops with this process.
pub struct EmbeddedPostgres {
    server: Server,
    port: u16,
    password: Option<String>,
}

impl EmbeddedPostgres {
    /// Starts the cluster in the data folder, making it first where there is none.
    pub async fn start(data_dir: &DataDir, used_for: PostgresUse) -> Result<Self> {
        let cluster = Cluster::open(data_dir.folder("postgres")?)?;
        let programs = PostgresPrograms::find(cluster.path())?;
        let password_file = data_dir.path().join("postgres.password");
        if !cluster.exists() {
            tracing::info!(version = programs.major, folder = %cluster.path().display(), "making a private postgres");
            cluster.create(&programs, used_for, &password_file).await?;
        }
        let password = match used_for {
            PostgresUse::Tests => None,
            PostgresUse::Stack => Some(read_password(&password_file)?),
        };
        end_orphan(cluster.path()).await?;

        let log = data_dir.path().join("postgres.log");
        let port_file = data_dir.path().join("postgres.port");
        let mut preferred = fs::read_to_string(&port_file).ok().and_then(|text| text.trim().parse().ok());
        let mut problem = anyhow!("postgres was not started");
        for _ in 0..STARTS {
            let port = free_port(preferred.take())?;
            let server = cluster.serve(&programs, used_for, port, &log)?;
            let mut postgres = Self { server, port, password: password.clone() };
            match postgres.wait_until_ready().await {
                Ok(()) => {
                    fs::write(&port_file, port.to_string())?;
                    return Ok(postgres);
                }
                Err(e) => problem = e,
            }
        }
        Err(problem)
    }

    /// Address of the database `naia`, with its password.
    pub fn url(&self) -> String {
        self.database_url("naia")
    }

    pub fn database_url(&self, database: &str) -> String {
        let password = self.password.as_ref().map(|p| format!(":{p}")).unwrap_or_default();
        format!("postgres://{USER}{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Waits until it has ended although nobody stopped it, and says so.
    pub async fn ended(&mut self) -> anyhow::Error {
        self.server.unexpected_end().await
    }

    /// Ends open connections and writes everything to disk.
    pub async fn stop(self) {
        self.server
            .stop(&[(Signal::SIGINT, Duration::from_secs(20)), (Signal::SIGQUIT, Duration::from_secs(10))])
            .await;
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.port).username(USER);
        let options = options.database(database).disable_statement_logging();
        match &self.password {
            Some(password) => options.password(password),
            None => options,
        }
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let options = self.options("postgres");
        let server = &mut self.server;
        let connected = poll(READY_WITHIN, || {
            let ended = server.ended();
            let options = options.clone();
            async move {
                if let Some(status) = ended {
                    return Some(Err(status));
                }
                PgConnection::connect_with(&options).await.ok().map(Ok)
            }
        });
        match connected.await {
            Some(Ok(connection)) => prepare_database(connection).await,
            Some(Err(status)) => bail!("postgres ended at once ({status}):\n{}", server.last_words()),
            None => {
                let seconds = READY_WITHIN.as_secs();
                bail!("postgres does not answer after {seconds} s:\n{}", server.last_words())
            }
        }
    }
}

async fn prepare_database(mut admin: PgConnection) -> Result<()> {
    let exists: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = 'naia'")
        .fetch_optional(&mut admin)
        .await?;
    if exists.is_none() {
        admin.execute("create database naia").await.context("the database naia cannot be created")?;
    }
    let hstore: Option<i32> =
        sqlx::query_scalar("select 1 from pg_available_extensions where name = 'hstore'")
            .fetch_optional(&mut admin)
            .await?;
    if hstore.is_none() {
        bail!("this PostgreSQL lacks the extension hstore: install its contrib package (postgresql-contrib)");
    }
    admin.close().await?;
    Ok(())
}

fn read_password(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| {
        format!("the password of the private postgres is not in {}: restore it, or start with an empty data folder", path.display())
    })?;
    Ok(text.trim().to_owned())
}
