use anyhow::Context;
use pattern_api::OwnArguments;
use pattern_config::ApiConfig;
use pattern_service::{Readiness, Start};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Gives memory back to the system seconds after a crowd has left; glibc's keeps it for good.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() {
    pattern_service::run(pattern_api::SERVICE, serve).await
}

async fn serve(start: Start<ApiConfig, OwnArguments>) -> anyhow::Result<()> {
    let Start { config, config_file, arguments, readiness, shutdown } = start;
    let worker = match arguments.with_worker {
        true => Some(pattern_config::load(config_file.as_deref())?),
        false => None,
    };
    let listener = TcpListener::bind(config.api.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another api.listen", config.api.listen))?;
    let scheme = if config.api.tls_certificate.is_some() { "https" } else { "http" };
    let to_whom = match config.auth.is_configured() {
        true => "whoever signs in",
        false => "this machine only: no authentication is configured",
    };
    tracing::info!("serving {scheme}://{} to {to_whom}", listener.local_addr()?);
    let api = pattern_api::run(config, listener, readiness, shutdown.clone());
    let Some(worker) = worker else { return api.await };
    tracing::info!("running the jobs as well");
    // Where one of them ends the other does, so that what starts the process sees it.
    let shutdown_of_both = shutdown.clone();
    let worker = async move { pattern_worker::run(worker, Readiness::default(), shutdown).await };
    let (api, worker) = tokio::join!(ending(api, &shutdown_of_both), ending(worker, &shutdown_of_both));
    api.and(worker)
}

async fn ending(
    service: impl Future<Output = anyhow::Result<()>>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let outcome = service.await;
    shutdown.cancel();
    outcome
}
