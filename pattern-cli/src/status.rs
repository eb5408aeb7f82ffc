use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::Duration;

use crate::{stack::DataDirOption, stack_file::StackFile};

#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Address of an API, instead of that of the stack that runs from the data folder
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    #[command(flatten)]
    pub data: DataDirOption,
}

pub async fn run(args: &StatusArgs) -> Result<()> {
    let _ = (args, json!(null), Value::Null, StackFile::read(&args.data.path)?, Duration::ZERO);
    Ok::<(), anyhow::Error>(()).context("")
}
