//! `naia restored`: says that PostgreSQL was restored from a backup.

use anyhow::Result;
use pattern_store::Store;

use crate::{installation::InstallationOptions, printable::operator};

#[derive(Debug, clap::Args)]
pub struct RestoredArgs {
    /// The restored database; that of the configuration or of the running stack, if not given
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    #[command(flatten)]
    installation: InstallationOptions,
}

pub async fn run(args: &RestoredArgs) -> Result<()> {
    let store = Store::connect_lazy(&args.installation.postgres_url(args.postgres.as_deref())?, 1)?;
    let renewed = store.renew_epoch(&operator()).await;
    store.close().await;
    let position = renewed?;
    println!("the event stream begins anew at {position}; browsers and other clients load again");
    Ok(())
}
