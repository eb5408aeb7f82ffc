//! What a person says on the command line.

use anyhow::{Context, Result};
use pattern_import::{Options, Zone, encoding, mapping};
use std::path::{Path, PathBuf};

/// Import points and samples from exported files
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Folder with the exported files, or one file: tables (CSV, also packed as gz, zst or zip) and what else
    /// docs/import-format.md names
    #[arg(value_name = "PATH")]
    pub from: PathBuf,
    /// Name of the data source; the folder's name, if not given
    #[arg(long)]
    pub data_source: Option<String>,
    /// Database to import into; that of the configuration or of the running stack, if not given
    #[arg(long)]
    pub postgres: Option<String>,
    /// Where rows that cannot be used are written; FOLDER-rejects.csv here, if not given
    #[arg(long)]
    pub rejects: Option<PathBuf>,
    /// Show how everything would be read, and everything that is wrong; store nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Leave the flywheel to its schedule, or to another import
    #[arg(long)]
    pub no_run: bool,
    /// Which columns hold what, where their names do not say it: name="Point Name",unit=Units
    #[arg(long, value_name = "WHAT=HEADER,…")]
    pub columns: Option<String>,
    /// Zone of times without an offset: Europe/Oslo, UTC or +01:00
    #[arg(long)]
    pub timezone: Option<Zone>,
    /// Whether 04/07/2026 is in July (day-first) or in April (month-first); 26/07/04 may be year-first
    #[arg(long)]
    pub date_order: Option<String>,
    /// Encoding of the files: utf-8, utf-16le, windows-1252, cp949 …
    #[arg(long)]
    pub encoding: Option<String>,
    /// What separates the columns: comma, semicolon, tab or pipe
    #[arg(long)]
    pub separator: Option<String>,
    /// The decimal sign: point or comma
    #[arg(long)]
    pub decimal: Option<String>,
    /// Write how the files are read to import.toml in the folder, so that the next import needs no options
    #[arg(long)]
    pub save_mapping: bool,
}

impl ImportArgs {
    pub fn options(&self) -> Result<Options> {
        let columns = self.columns.as_deref().map(mapping::columns).transpose()?;
        Ok(Options {
            columns: columns.unwrap_or_default(),
            zone: self.timezone,
            date_order: self.date_order.as_deref().map(mapping::date_order).transpose()?,
            encoding: self.encoding.as_deref().map(encoding::by_name).transpose()?,
            separator: self.separator.as_deref().map(mapping::separator).transpose()?,
            decimal: self.decimal.as_deref().map(mapping::decimal).transpose()?,
            ..Options::default()
        })
    }

    pub fn data_source(&self) -> Result<String> {
        self.data_source.clone().map_or_else(|| own_name(&self.from), Ok)
    }

    pub fn rejects(&self) -> Result<PathBuf> {
        match &self.rejects {
            Some(path) => Ok(path.clone()),
            None => Ok(PathBuf::from(format!("{}-rejects.csv", own_name(&self.from)?))),
        }
    }
}

/// The name of the folder, or of the file without its endings.
fn own_name(path: &Path) -> Result<String> {
    let full =
        path.canonicalize().with_context(|| format!("there is no folder or file {}", path.display()))?;
    let name = full.file_name().map(|name| name.to_string_lossy().into_owned()).with_context(|| {
        format!("{} has no name of its own; name the data source with --data-source", path.display())
    })?;
    let is_hidden = name.starts_with('.');
    match name.split_once('.') {
        Some((stem, _)) if full.is_file() && !is_hidden => Ok(stem.to_owned()),
        _ => Ok(name),
    }
}
