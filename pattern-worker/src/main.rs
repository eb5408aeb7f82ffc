use pattern_config::WorkerConfig;
use pattern_service::Start;

#[tokio::main]
async fn main() {
    pattern_service::run(pattern_worker::SERVICE, async |start: Start<WorkerConfig>| {
        pattern_worker::run(start.config, start.readiness, start.shutdown).await
    })
    .await
}
