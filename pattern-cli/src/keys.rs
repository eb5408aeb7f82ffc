//! `naia keys`: who may use the API, said where its database is. The first key of an installation is made here.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use pattern_core::domain::{ApiKey, Scope, Word};
use pattern_store::{NewKey, Store, StoreError};

use crate::{installation::InstallationOptions, printable::operator};

#[derive(Debug, clap::Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
    /// The database; that of the configuration or of the running stack, if not given
    #[arg(long, value_name = "URL", global = true)]
    postgres: Option<String>,
    #[command(flatten)]
    installation: InstallationOptions,
}

#[derive(Debug, clap::Subcommand)]
enum KeysCommand {
    /// Make a key and print its secret, which is shown this once
    Create {
        /// Who acts with it, as `anna` or `line-3-gateway`
        name: String,
        /// What it may do: viewer, reviewer, operator or admin; several with commas
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = Scope::read)]
        scopes: Vec<Scope>,
        /// It expires after so many days; never, if not given
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
    },
    /// List all keys, those that were revoked as well
    List {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Refuse a key from now on, and whoever signed in with it
    Revoke {
        /// Its name or its id
        key: String,
    },
}

pub async fn run(args: &KeysArgs) -> Result<()> {
    let store = Store::connect_lazy(&args.installation.postgres_url(args.postgres.as_deref())?, 1)?;
    let outcome = match &args.command {
        KeysCommand::Create { name, scopes, days } => create(&store, name, scopes, *days).await,
        KeysCommand::List { json } => list(&store, *json).await,
        KeysCommand::Revoke { key } => revoke(&store, key).await,
    };
    store.close().await;
    outcome
}

async fn create(store: &Store, name: &str, scopes: &[Scope], days: Option<i64>) -> Result<()> {
    let now = store.database_time().await?;
    let new = NewKey {
        name: name.to_owned(),
        scopes: scopes.iter().copied().collect(),
        expires_at: days.map(|days| now + TimeDelta::days(days)),
    };
    let (key, secret) = store.create_api_key(&new, &operator()).await?;
    eprintln!("{} may act as {}; keep the secret, it is not shown again:", key.name, scopes_of(&key));
    println!("{secret}");
    Ok(())
}

async fn list(store: &Store, json: bool) -> Result<()> {
    let keys = store.api_keys().await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&keys)?);
        return Ok(());
    }
    if keys.is_empty() {
        println!("no keys; `naia keys create NAME --scope admin` makes one");
    }
    let now = store.database_time().await?;
    for key in keys {
        let used = key.last_used_at.map_or("never used".into(), |at| format!("used {}", minute(at)));
        println!("{}  {}  {}  {used}  {}", key.id, key.name, scopes_of(&key), state(&key, now));
    }
    Ok(())
}

fn state(key: &ApiKey, now: DateTime<Utc>) -> String {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", minute(at)),
        (None, Some(at)) if at <= now => format!("expired {}", minute(at)),
        (None, Some(at)) => format!("until {}", minute(at)),
        (None, None) => "valid".into(),
    }
}

async fn revoke(store: &Store, key: &str) -> Result<()> {
    let keys = store.api_keys().await?;
    let is_meant = |one: &&ApiKey| one.revoked_at.is_none() && (one.name == key || one.id.to_string() == key);
    let meant = keys
        .iter()
        .find(is_meant)
        .ok_or_else(|| StoreError::NotFound(format!("a key '{key}' that is not revoked")))?;
    let revoked = store.revoke_api_key(meant.id, &operator()).await?;
    println!("{} is revoked", revoked.name);
    Ok(())
}

fn scopes_of(key: &ApiKey) -> String {
    key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
