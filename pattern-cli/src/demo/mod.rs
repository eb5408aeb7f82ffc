//! `naia demo`: the stack, a sample plant and the whole round, before your eyes.

mod round;
mod steps;
mod witness;

use anyhow::{Result, anyhow};
use pattern_embedded::DataDir;
use pattern_service::shutdown_token;
use std::{net::SocketAddr, path::PathBuf};

use crate::stack::{DataDirOption, ServerOptions, Stack, StackOptions};
use steps::Steps;

#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Do the whole round alone (one approval included), print a summary and end
    #[arg(long)]
    pub once: bool,
    /// Address of the API and the page; 127.0.0.1:5000, with --once a free port
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// Where the stack keeps its data; with --once a folder that is removed again
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub servers: ServerOptions,
}

impl DemoArgs {
    fn stack_options(&self, data_dir: PathBuf) -> StackOptions {
        let port = if self.once { 0 } else { 5000 };
        StackOptions {
            listen: self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port))),
            data: DataDirOption { path: data_dir },
            servers: self.servers.clone(),
        }
    }
}

pub async fn run(args: &DemoArgs) -> Result<()> {
    let scratch = tempfile::Builder::new().prefix("naia-demo-").tempdir()?;
    let data_dir = match &args.data_dir {
        Some(named) => named.clone(),
        None if args.once => scratch.path().join("data"),
        None => DataDir::default_path().join("demo"),
    };
    let shutdown = shutdown_token()?;
    let mut steps = Steps::new(if args.once { round::STEPS_ONCE } else { round::STEPS });
    steps.begin("starting PostgreSQL, Kafka, the worker and the API");
    let mut stack = Stack::start(&args.stack_options(data_dir), &shutdown).await?;
    if let Some(note) = stack.broker_note() {
        steps.say(&note);
    }
    steps.say(&stack.ready_line());
    steps.say(&format!("the page: {}", stack.file.api));
    steps.done();

    let outcome = tokio::select! {
        outcome = round::run(&stack.file, scratch.path(), args.once, &mut steps) => outcome,
        () = shutdown.cancelled() => Ok(()),
    };
    let outcome = match outcome {
        Ok(()) if shutdown.is_cancelled() && args.once => Err(anyhow!("stopped before the round was done")),
        Ok(()) if shutdown.is_cancelled() => Ok(()),
        Ok(()) if args.once => {
            steps.summary();
            Ok(())
        }
        Ok(()) => {
            println!("\nOpen {} and decide. Ctrl-C stops.", stack.file.api);
            stack.run_until(&shutdown).await
        }
        failed => failed,
    };
    stack.stop().await;
    println!("stopped");
    outcome
}
