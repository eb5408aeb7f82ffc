//! `naia`: what a person types.

use clap::{CommandFactory, Parser, Subcommand};
use pattern_cli::{
    benchmark, demo, dlq, evaluate, events, health, import, installation, keys, library, logging, manual,
    migrate, printable, restored, sample_plant, stack, status, up,
};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "naia",
    version,
    about = "Finds the equipment in a plant's tags, asks, and learns from the answer"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything: PostgreSQL, Kafka, the worker, the API and its page
    Up(stack::StackOptions),
    /// Start everything with a sample plant and show the whole round
    Demo(demo::DemoArgs),
    /// Show what is up, what is stored and what ran last
    Status(status::StatusArgs),
    /// Say whether a service is well, by the exit code too
    Health(health::HealthArgs),
    /// Print the records of a topic, decoded
    Events(events::EventsArgs),
    /// Show records that could not be understood, and publish them again
    Dlq(dlq::DlqArgs),
    Import {
        #[command(flatten)]
        args: import::ImportArgs,
        #[command(flatten)]
        installation: installation::InstallationOptions,
    },
    /// Say who may use the API, and as what
    Keys(keys::KeysArgs),
    /// Check, load and export patterns
    #[command(subcommand)]
    Library(library::LibraryCommand),
    /// Bring the database and the topics up to this version
    Migrate(migrate::MigrateArgs),
    /// Say that PostgreSQL was restored from a dump: clients load again instead of resuming
    Restored(restored::RestoredArgs),
    SamplePlant(sample_plant::command::SamplePlantArgs),
    Evaluate(evaluate::EvaluateArgs),
    /// Write the manual pages of all programs and what shells complete their command lines with
    #[command(hide = true)]
    WriteManual(manual::ManualArgs),
    /// Time the mathematics on synthetic input
    #[command(subcommand)]
    Benchmark(benchmark::BenchmarkCommand),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    // `up` logs as it is configured to.
    if !matches!(command, Command::Up(_)) {
        logging::start_quiet();
    }
    let outcome = match command {
        Command::Up(options) => up::run(&options).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Status(args) => status::run(&args).await,
        Command::Health(args) => health::run(&args).await,
        Command::Events(args) => events::run(&args).await,
        Command::Dlq(args) => dlq::run(&args).await,
        Command::Import { args, installation } => import::run(&args, &installation).await,
        Command::Keys(args) => keys::run(&args).await,
        Command::Library(command) => library::run(&command).await,
        Command::Migrate(args) => migrate::run(&args).await,
        Command::Restored(args) => restored::run(&args).await,
        Command::Evaluate(args) => evaluate::run(&args).await,
        Command::SamplePlant(args) => sample_plant::command::run(&args),
        Command::WriteManual(args) => manual::run(&args, Arguments::command()),
        Command::Benchmark(command) => benchmark::run(&command).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("naia: {}", printable::problem(&problem));
            ExitCode::FAILURE
        }
    }
}
