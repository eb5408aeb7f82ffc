use pattern_service::Service;

const SERVICE: Service = Service {
    name: "naia-pattern-worker",
    about: "Runs the jobs of Naia Patterns, takes in samples and relays events",
};

#[tokio::main]
async fn main() {
    pattern_service::run(SERVICE, pattern_worker::run).await
}
