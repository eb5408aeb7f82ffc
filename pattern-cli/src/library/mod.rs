//! `naia library`: patterns as files that a person can read, check, extend and share.

mod files;
mod unmatched;

use anyhow::{Context, Result, bail};
use pattern_core::{
    domain::PatternSource,
    library::{PatternSpec, builtin, lint, shipped},
};
use pattern_store::Store;
use std::path::PathBuf;

use crate::installation::InstallationOptions;

#[derive(Debug, clap::Subcommand)]
pub enum LibraryCommand {
    /// Check pattern files; the shipped patterns, if none are named
    Lint {
        /// Files, or folders with *.toml files
        paths: Vec<PathBuf>,
    },
    /// Take patterns in; the shipped ones, if none are named
    Load {
        /// Files, or folders with *.toml files
        paths: Vec<PathBuf>,
        #[command(flatten)]
        database: DatabaseOption,
    },
    /// Write the active patterns as files that `load` reads
    Export {
        /// Folder for one file per category; everything goes to the terminal, if not given
        #[arg(long)]
        out: Option<PathBuf>,
        /// The shipped patterns, without asking a database
        #[arg(long)]
        shipped: bool,
        #[command(flatten)]
        database: DatabaseOption,
    },
}

#[derive(Debug, clap::Args)]
pub struct DatabaseOption {
    /// Database to use; that of the configuration or of the running stack, if not given
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    #[command(flatten)]
    installation: InstallationOptions,
}

impl DatabaseOption {
    async fn open(&self) -> Result<Store> {
        let url = self.installation.postgres_url(self.postgres.as_deref())?;
        let store = Store::connect_lazy(&url, 2)?;
        store
            .migrate()
            .await
            .context("the database cannot be used; does it serve at the address of --postgres?")?;
        Ok(store)
    }
}

pub async fn run(command: &LibraryCommand) -> Result<()> {
    match command {
        LibraryCommand::Lint { paths } => {
            let specs = checked(paths)?;
            let s = if specs.len() == 1 { "" } else { "s" };
            println!("{} pattern{s}, nothing to complain about", specs.len());
        }
        LibraryCommand::Load { paths, database } => {
            let specs = checked(paths)?;
            let source = if paths.is_empty() { PatternSource::Library } else { PatternSource::Imported };
            let store = database.open().await?;
            let now = store.database_time().await?;
            let change = store.load_library(&specs, source, now).await?;
            println!("{} new, {} changed, {} unchanged", change.created, change.updated, change.unchanged);
            for warning in unmatched::warnings(&store, &specs).await? {
                eprintln!("naia: {warning}");
            }
        }
        LibraryCommand::Export { out, shipped, database } => {
            let specs = if *shipped { builtin() } else { kept(&database.open().await?).await? };
            match out {
                Some(folder) => {
                    for path in files::write(folder, specs)? {
                        println!("{}", path.display());
                    }
                }
                None => print!("{}", files::text(&specs)),
            }
        }
    }
    Ok(())
}

/// The patterns of these files, if nothing is wrong with them; else everything that is wrong.
fn checked(paths: &[PathBuf]) -> Result<Vec<PatternSpec>> {
    let (patterns, mut problems) =
        if paths.is_empty() { (shipped(), Vec::new()) } else { files::read(paths)? };
    problems.extend(lint(&patterns).iter().map(ToString::to_string));
    if problems.is_empty() {
        return Ok(patterns.into_iter().map(|written| written.spec).collect());
    }
    let count = problems.len();
    bail!("{count} problem{} to mend\n{}", if count == 1 { "" } else { "s" }, problems.join("\n"))
}

async fn kept(store: &Store) -> Result<Vec<PatternSpec>> {
    Ok(store.whole_library().await?)
}
