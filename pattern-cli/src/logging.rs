use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

const USUAL: &str =
    "warn,naia=info,pattern_cli=info,pattern_embedded=info,pattern_worker=info,pattern_api=info";
const QUIET: &str = "error,tower_http=off";

/// Everything but answers goes to stderr. `NAIA_LOG` chooses what, in `tracing`'s filter language.
pub fn start(quiet: bool) {
    let usual = if quiet { QUIET } else { USUAL };
    let filter = EnvFilter::try_from_env("NAIA_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let builder = tracing_subscriber::fmt().with_writer(stderr).with_env_filter(filter);
    builder.with_ansi(stderr().is_terminal()).with_target(false).init();
}
