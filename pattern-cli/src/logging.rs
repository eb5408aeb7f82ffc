use pattern_config::LogConfig;
use pattern_service::{Telemetry, logging};

const USUAL: &str =
    "warn,naia=info,pattern_cli=info,pattern_embedded=info,pattern_worker=info,pattern_api=info";
const QUIET: &str = "error,tower_http=off";

/// Everything but answers goes to stderr. `NAIA_LOG` chooses what, in `tracing`'s filter language.
pub fn start_quiet() {
    logging::start(LogConfig::default().format, logging::filter("NAIA_LOG", QUIET), false);
}

/// For a stack that serves: `log` says what is logged, as it does for the services alone.
pub fn start(log: &LogConfig, telemetry: &Telemetry) {
    let usual = if log.filter == LogConfig::default().filter { USUAL } else { &log.filter };
    logging::start_with_traces(log.format, logging::filter("NAIA_LOG", usual), false, telemetry);
}
