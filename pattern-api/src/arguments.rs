use pattern_service::Service;

pub const SERVICE: Service =
    Service { name: "naia-pattern-api", about: "Serves REST, the WebSocket and the page of Naia Patterns" };

/// What this service alone is told on its command line.
#[derive(Debug, clap::Args)]
pub struct OwnArguments {
    /// Run the jobs in this process as well, and take in samples: what a worker does, where none can run.
    #[arg(long)]
    pub with_worker: bool,
}

/// The command line of `naia-pattern-api`.
pub fn command() -> clap::Command {
    pattern_service::command::<OwnArguments>(SERVICE)
}
