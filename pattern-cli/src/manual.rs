//! `naia write-manual`: the manual pages of all programs, and what shells complete their command lines with.

use anyhow::{Context, Result};
use clap::Command;
use clap_complete::Shell;
use std::{fs, path::PathBuf};

#[derive(Debug, clap::Args)]
pub struct ManualArgs {
    /// Where to write man1/ and completions/
    folder: PathBuf,
}

/// `naia`: its own command line, which only the program knows.
pub fn run(args: &ManualArgs, naia: Command) -> Result<()> {
    let (pages, completions) = (args.folder.join("man1"), args.folder.join("completions"));
    for folder in [&pages, &completions] {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    for mut command in [naia, pattern_worker::command(), pattern_api::command()] {
        let name = command.get_name().to_owned();
        let written = || format!("the manual of {name} cannot be written");
        // First: what completes commands adds those for help.
        clap_mangen::generate_to(without_help(command.clone()), &pages).with_context(written)?;
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            clap_complete::generate_to(shell, &mut command, &name, &completions).with_context(written)?;
        }
    }
    Ok(())
}

/// `naia help dlq list` says what the page of `naia dlq list` does.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}
