//! Measures how long a decision takes to reach the other browsers.
//!
//! `cargo run --release -p pattern-cli --example decision_latency -- [DECISIONS] [CLIENTS] [--json]`
//!
//! Starts a whole stack in a temporary folder, fills its queue, opens the WebSockets of CLIENTS
//! browsers and approves one suggestion after the other over HTTP. A decision is measured from sending
//! the POST until the last of the browsers has the `SuggestionApproved`. The jobs that a decision sets
//! off run meanwhile, as they do in production. It fails when a browser misses an event or gets one twice.

mod browser;
mod queue;
mod report;

use anyhow::{Context, Result, bail};
use clap::Parser;
use pattern_cli::{
    logging,
    stack::{DataDirOption, ServerOptions, Stack, StackOptions},
};
use pattern_embedded::poll;
use pattern_store::Store;
use reqwest::{Client, StatusCode};
use serde_json::json;
use std::{
    collections::HashSet,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use browser::{Browser, Seen};
use report::Report;

/// Decisions before the measured ones: a young JVM and empty connection pools are slow.
const WARM_UP: usize = 50;
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
const SEEN_WITHIN: Duration = Duration::from_secs(30);

#[derive(Parser)]
#[command(about = "Measures how long a decision takes to reach the other browsers")]
struct Arguments {
    /// Decisions to measure
    #[arg(default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    decisions: u32,
    /// Browsers that look on
    #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: ServerOptions,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    logging::start_quiet();
    let folder = tempfile::Builder::new().prefix("naia-latency-").tempdir()?;
    let options = StackOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data: DataDirOption { path: folder.path().join("data") },
        servers: arguments.servers.clone(),
    };
    eprintln!("starting a stack in {}", folder.path().display());
    let stack = Stack::start(&options, &CancellationToken::new()).await?;
    let measured = measure(&stack, &arguments).await;
    stack.stop().await;
    let report = measured?;
    println!("{}", if arguments.json { report.as_json() } else { report.in_words() });
    if report.is_complete() { Ok(()) } else { bail!("events were missing or came twice") }
}

async fn measure(stack: &Stack, arguments: &Arguments) -> Result<Report> {
    let store = Store::connect_lazy(&stack.file.postgres, 4)?;
    let wanted = arguments.decisions as usize + WARM_UP;
    eprintln!("proposing {wanted} suggestions");
    let questions = queue::fill(&store, wanted).await?;
    settled(&store).await?;

    let (sender, approvals) = unbounded_channel();
    let mut browsers = Vec::new();
    for number in 0..arguments.clients as usize {
        browsers.push(Browser::open(&stack.file.api, number, sender.clone()).await?);
    }
    let mut decider = Decider { api: stack.file.api.clone(), client: Client::new(), approvals, browsers };
    eprintln!("deciding, with {} browsers looking on", arguments.clients);
    let (warm_up, measured) = questions.split_at(WARM_UP);
    for id in warm_up {
        decider.decide(*id).await?;
    }
    let mut report = Report::new(arguments.clients);
    for id in measured {
        match decider.decide(*id).await? {
            Some(decided) => report.add(decided.answered, decided.seen),
            None => report.refused += 1,
        }
    }
    settled(&store).await?;
    let top = store.stream_top().await?.position.number;
    for browser in &decider.browsers {
        // What does not come in time is counted as missing.
        let _ = poll(SEEN_WITHIN, || async { browser.has_reached(top).then_some(()) }).await;
        report.count(browser.events(top));
    }
    store.close().await;
    Ok(report)
}

/// Waits until Kafka has all events and nothing is left to announce.
async fn settled(store: &Store) -> Result<()> {
    poll(SETTLED_WITHIN, || async {
        let quiet = store.data_sources_with_other_pending_count().await.ok()?.is_empty();
        (quiet && store.unpublished_count().await.ok()? == 0).then_some(())
    })
    .await
    .with_context(|| format!("events still wait for kafka after {} s", SETTLED_WITHIN.as_secs()))
}

struct Decided {
    answered: Duration,
    seen: Duration,
}

/// The first browser, and what the others tell it.
struct Decider {
    api: String,
    client: Client,
    approvals: UnboundedReceiver<Seen>,
    browsers: Vec<Browser>,
}

impl Decider {
    /// `None`: the suggestion was not pending any more.
    async fn decide(&mut self, id: Uuid) -> Result<Option<Decided>> {
        let url = format!("{}/api/suggestions/{id}/approve", self.api);
        let request = self.client.post(&url).header("x-naia-reviewer", "ann").json(&json!({}));
        let began = Instant::now();
        let answer = request.send().await.context("the api does not answer")?;
        let answered = began.elapsed();
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::CONFLICT => return Ok(None),
            status => bail!("approving answered {status}: {}", answer.text().await?),
        }
        // Read to its end, or the connection cannot be used again.
        answer.bytes().await?;
        let mut waiting: HashSet<usize> = (0..self.browsers.len()).collect();
        let mut seen = began;
        let deadline = tokio::time::Instant::now() + SEEN_WITHIN;
        while !waiting.is_empty() {
            let Ok(Some(approval)) = tokio::time::timeout_at(deadline, self.approvals.recv()).await else {
                bail!("{} browsers never saw the approval of {id}", waiting.len());
            };
            if approval.suggestion == id && waiting.remove(&approval.browser) {
                seen = seen.max(approval.at);
            }
        }
        Ok(Some(Decided { answered, seen: seen - began }))
    }
}
