//! `naia dlq list|show|redrive|skip|gaps`: records that could not be understood, stored or read.

mod gaps;
mod letter;
mod skip;

use anyhow::{Context, Result};
use pattern_bus::{KafkaSettings, Producer, dlq};
use pattern_store::{Store, StoreError};
use std::io::{Write, stdout};
use uuid::Uuid;

use crate::installation::InstallationOptions;

const PAGE: u32 = 200;
/// A broker that is away should be told of within the patience of a person.
const SEND_WITHIN_MS: &str = "10000";

#[derive(Debug, clap::Args)]
pub struct DlqArgs {
    #[command(subcommand)]
    command: DlqCommand,
    /// Database that keeps the dead letters; that of the configuration or of the running stack, if not given
    #[arg(long, value_name = "URL", global = true)]
    postgres: Option<String>,
    #[command(flatten)]
    installation: InstallationOptions,
}

#[derive(Debug, clap::Subcommand)]
enum DlqCommand {
    /// List the dead letters, newest first
    List {
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Go on after this dead letter
        #[arg(long, value_name = "ID")]
        after: Option<Uuid>,
        /// Print a JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show one dead letter with its record
    Show {
        id: Uuid,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Write the record's value only, as it came
        #[arg(long, conflicts_with = "json")]
        raw: bool,
    },
    /// Publish records to their topics again, as they came
    Redrive {
        #[command(flatten)]
        which: Which,
        /// Bootstrap servers; those of the configuration or of the running stack, if not given
        #[arg(long, value_name = "BROKERS")]
        kafka: Option<String>,
    },
    /// Go past the record that blocks a partition of naia.datapoints, and keep it as a dead letter
    Skip(skip::SkipArgs),
    /// List records that were deleted from Kafka before they were read, found last first
    Gaps {
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Print a JSON object per line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Dead letters to redrive, in this order
    ids: Vec<Uuid>,
    /// All that were not redriven yet, oldest first
    #[arg(long)]
    all: bool,
}

pub async fn run(args: &DlqArgs) -> Result<()> {
    let installation = &args.installation;
    let store = Store::connect_lazy(&installation.postgres_url(args.postgres.as_deref())?, 2)?;
    let outcome = match &args.command {
        DlqCommand::List { limit, after, json } => list(&store, *after, *limit, *json).await,
        DlqCommand::Show { id, json, raw } => show(&store, *id, *json, *raw).await,
        DlqCommand::Redrive { which, kafka } => {
            let kafka = impatient(installation.kafka(kafka.as_deref())?);
            let ids = if which.all { waiting(&store).await? } else { which.ids.clone() };
            redrive(&store, &kafka, &ids).await
        }
        DlqCommand::Skip(args) => skip::skip(&store, args, installation).await,
        DlqCommand::Gaps { limit, json } => gaps::list(&store, *limit, *json).await,
    };
    store.close().await;
    outcome
}

async fn list(store: &Store, after: Option<Uuid>, limit: u32, json: bool) -> Result<()> {
    if let Some(id) = after {
        store.dead_letter(id).await.map_err(tell_what_there_is)?;
    }
    let letters = store.dead_letters(after, limit).await?;
    for letter in &letters {
        println!("{}", if json { letter::json(letter).to_string() } else { letter::line(letter) });
    }
    if json {
        return Ok(());
    }
    match letters.last() {
        None => println!("no {}dead letters", if after.is_some() { "more " } else { "" }),
        Some(last) if letters.len() == limit as usize => println!("more: naia dlq list --after {}", last.id),
        Some(_) => {}
    }
    Ok(())
}

async fn show(store: &Store, id: Uuid, json: bool, raw: bool) -> Result<()> {
    let letter = store.dead_letter(id).await.map_err(tell_what_there_is)?;
    if raw {
        stdout().write_all(letter.payload.as_deref().unwrap_or_default())?;
    } else if json {
        println!("{:#}", letter::json(&letter));
    } else {
        print!("{}", letter::whole(&letter));
    }
    Ok(())
}

/// Those that were not redriven, oldest first: of two samples for one time the later one counts.
async fn waiting(store: &Store) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = store.dead_letters(after, PAGE).await?;
        ids.extend(page.iter().filter(|letter| letter.redriven_at.is_none()).map(|letter| letter.id));
        match page.last() {
            Some(last) => after = Some(last.id),
            None => break,
        }
    }
    ids.reverse();
    Ok(ids)
}

async fn redrive(store: &Store, kafka: &KafkaSettings, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        println!("no dead letter waits");
        return Ok(());
    }
    let producer = Producer::new(kafka)?;
    for (done, id) in ids.iter().enumerate() {
        let topic = store.dead_letter(*id).await.map_err(tell_what_there_is)?.topic;
        let delivered = dlq::redrive(store, &producer, *id).await.with_context(|| {
            let rest = ids.len() - done - 1;
            format!("dead letter {id} was not redriven, and {rest} after it were not tried")
        })?;
        println!("{id} is on {topic}/{}@{}", delivered.partition, delivered.offset);
    }
    println!("{} redriven; what is still not understood comes back as a new dead letter", ids.len());
    Ok(())
}

/// For a person who waits: what goes wrong is in the answer, not in a log.
fn impatient(mut settings: KafkaSettings) -> KafkaSettings {
    settings.options.insert("message.timeout.ms".into(), SEND_WITHIN_MS.into());
    settings.options.insert("log_level".into(), "0".into());
    settings
}

fn tell_what_there_is(problem: StoreError) -> anyhow::Error {
    match problem {
        StoreError::NotFound(_) => anyhow::anyhow!("{problem}; `naia dlq list` shows those that do"),
        other => other.into(),
    }
}
