use anyhow::Context;
use pattern_config::ApiConfig;
use pattern_service::Service;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Gives memory back to the system seconds after a crowd has left; glibc's keeps it for good.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SERVICE: Service =
    Service { name: "naia-pattern-api", about: "Serves REST, the WebSocket and the page of Naia Patterns" };

#[tokio::main]
async fn main() {
    pattern_service::run(SERVICE, serve).await
}

async fn serve(config: ApiConfig, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.api.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another api.listen", config.api.listen))?;
    tracing::info!(
        "serving http://{} to this machine only: no authentication is configured",
        listener.local_addr()?
    );
    pattern_api::run(config, listener, shutdown).await
}
