//! The services, as systemd runs them.

use nix::unistd::gethostname;
use pattern_embedded::testing::{Certificates, TestDatabase, kafka_bootstrap, until};
use serde_json::Value;
use std::path::Path;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use super::{Machine, installed};

/// A machine with configured services, and the database and the topics that are theirs.
pub struct Site {
    pub machine: Machine,
    pub api: String,
    database: TestDatabase,
}

impl Site {
    pub async fn on(layer: &Path) -> Self {
        let machine = Machine::boot(layer).await;
        Self { machine, api: free_address(), database: TestDatabase::create().await }
    }

    /// Everything is installed and configured; nothing has been started.
    async fn configured() -> Self {
        let site = Self::on(installed()).await;
        site.configure().await;
        site
    }

    pub async fn configure(&self) {
        let metrics = free_address();
        let prefix = format!("t{}.", Uuid::new_v4().simple());
        // By name, which a service with few rights has to look up.
        let (api, kafka) = (&self.api, kafka_bootstrap().replace("127.0.0.1", "localhost"));
        let configuration = format!(
            "[kafka]\nbootstrap_servers = \"{kafka}\"\ntopic_prefix = \"{prefix}\"\n\
             [api]\nlisten = \"{api}\"\n[auth]\napi_keys = true\n[worker]\nmetrics_listen = \"{metrics}\"\n"
        );
        self.machine.write("/etc/naia/naia.toml", &configuration).await;
        self.machine.write("/etc/naia/credentials/postgres-url", &self.database.url).await;
        self.machine.does("chmod 600 /etc/naia/credentials/postgres-url").await;
    }

    /// A key for the API, made as an operator makes it.
    async fn key(&self) -> String {
        let create = "NAIA_CONFIG=/etc/naia/naia.toml NAIA_POSTGRES__URL_FILE=/etc/naia/credentials/postgres-url \
                      naia keys create anna --scope admin";
        self.machine.does(create).await.trim().to_owned()
    }

    /// Waits until the API says that everything is well.
    pub async fn is_up(&self) {
        let health = format!("naia health http://{}", self.api);
        until("everything is well", || async { self.machine.does(&health).await.starts_with("up\n") }).await;
    }
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Of a second worker, so that two test programs on one machine do not use one address.
fn number() -> u32 {
    2 + std::process::id() % 253
}

#[tokio::test]
async fn the_services_serve_once_they_are_started_have_few_rights_and_end_well_when_told() {
    let _quiet = crate::QUIET.lock().await;
    let site = Site::configured().await;
    let machine = &site.machine;
    let second = format!("naia-pattern-worker@{}", number());
    let services = ["naia-pattern-worker", &second, "naia-pattern-api"];
    machine.does("systemctl start naia-migrate").await;
    // It returns when each of them has said that it is ready.
    machine.does(&format!("systemctl start {}", services.join(" "))).await;
    site.is_up().await;
    machine.does(&format!("naia health http://127.0.0.{}:9464", number())).await;
    for unit in services {
        until("it says that it serves", || async { machine.property(unit, "StatusText").await == "serving" })
            .await;
        let pid = machine.property(unit, "MainPID").await;
        let rights = machine
            .does(&format!(
                "ps -o user= -p {pid}; grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/{pid}/status"
            ))
            .await;
        let rights: Vec<&str> = rights.split_whitespace().collect();
        assert_eq!(
            rights,
            ["naia", "CapBnd:", "0000000000000000", "NoNewPrivs:", "1", "Seccomp:", "2"],
            "{unit}"
        );
        let arguments = machine.does(&format!("cat /proc/{pid}/cmdline")).await;
        assert!(!arguments.contains("postgres://"), "{arguments}");
    }

    let key = site.key().await;
    let workers = reqwest::Client::new().get(format!("http://{}/api/workers", site.api)).bearer_auth(&key);
    let workers: Value = workers.send().await.unwrap().json().await.unwrap();
    let host = gethostname().unwrap().into_string().unwrap();
    let named = |id: &Value| id.as_str().is_some_and(|id| id.starts_with(&format!("{host}-")));
    let workers = workers["items"].as_array().unwrap();
    assert!(workers.len() == 2 && workers.iter().all(|worker| named(&worker["id"])), "{workers:?}");
    assert!(
        workers.iter().any(|worker| worker["id"] == format!("{host}-{}", number()).as_str()),
        "{workers:?}"
    );

    machine.does("systemctl log-level debug && systemctl stop 'naia-pattern-*'").await;
    for unit in services {
        for (name, value) in [("ActiveState", "inactive"), ("Result", "success"), ("ExecMainStatus", "0")] {
            assert_eq!(machine.property(unit, name).await, value, "{unit} {name}");
        }
        let log = machine.does(&format!("journalctl --no-pager --unit {unit}")).await;
        assert!(log.contains("STOPPING=1"), "{log}");
    }
}

#[tokio::test]
async fn a_service_that_stands_still_is_ended_and_started_again() {
    let _quiet = crate::QUIET.lock().await;
    let site = Site::configured().await;
    let machine = &site.machine;
    let sooner = "[Service]\nWatchdogSec=10\nRestartSec=100ms\n";
    for unit in ["naia-pattern-worker", "naia-pattern-api"] {
        machine.write(&format!("/etc/systemd/system/{unit}.service.d/sooner.conf"), sooner).await;
    }
    machine
        .does("systemctl daemon-reload && systemctl start naia-migrate naia-pattern-worker naia-pattern-api")
        .await;
    for unit in ["naia-pattern-worker", "naia-pattern-api"] {
        let before = machine.property(unit, "MainPID").await;
        machine.does(&format!("kill -STOP {before}")).await;
        until("it serves again", || async {
            machine.property(unit, "MainPID").await != before
                && machine.property(unit, "ActiveState").await == "active"
        })
        .await;
        let log = machine.does(&format!("journalctl --no-pager --unit {unit}")).await;
        assert!(log.contains("Watchdog timeout"), "{log}");
    }
    site.is_up().await;
}

#[tokio::test]
async fn an_enabled_migration_runs_before_the_services_that_are_started() {
    let _quiet = crate::QUIET.lock().await;
    let site = Site::configured().await;
    let machine = &site.machine;
    machine.does("systemctl enable naia-migrate naia-pattern-worker naia-pattern-api").await;
    // As the next start of the machine does.
    machine.does("systemctl start naia-pattern-worker naia-pattern-api").await;
    assert_eq!(machine.property("naia-migrate", "Result").await, "success");
    let log = machine.does("journalctl --no-pager --unit 'naia-*'").await;
    let at = |text: &str| log.find(text).unwrap_or_else(|| panic!("no '{text}' in {log}"));
    assert!(at("Finished naia-migrate.service") < at("Starting naia-pattern-worker.service"), "{log}");
    assert!(at("Finished naia-migrate.service") < at("Starting naia-pattern-api.service"), "{log}");
}

/// The plan for a worker that does harm.
#[tokio::test]
async fn the_api_alone_runs_the_jobs_where_it_is_told_to() {
    let _quiet = crate::QUIET.lock().await;
    let site = Site::configured().await;
    let machine = &site.machine;
    let alone = "[Service]\nExecStart=\n\
                 ExecStart=/usr/bin/naia-pattern-api --config /etc/naia/naia.toml --with-worker\n";
    machine.write("/etc/systemd/system/naia-pattern-api.service.d/with-worker.conf", alone).await;
    machine.does("systemctl daemon-reload && systemctl start naia-migrate naia-pattern-api").await;
    let key = site.key().await;
    let client = reqwest::Client::new();
    let run = client.post(format!("http://{}/api/jobs/maintenance/run", site.api)).bearer_auth(&key);
    let run: Value = run.json(&serde_json::json!({})).send().await.unwrap().json().await.unwrap();
    let run = format!("http://{}/api/jobs/runs/{}", site.api, run["run_id"].as_str().expect("a run"));
    until("the job has run", || async {
        let run = client.get(&run).bearer_auth(&key).send().await.unwrap();
        run.json::<Value>().await.unwrap()["status"] == "succeeded"
    })
    .await;
    machine.does("systemctl stop naia-pattern-api").await;
    assert_eq!(machine.property("naia-pattern-api", "Result").await, "success");
}

#[tokio::test]
async fn a_service_that_waits_for_postgres_is_not_ended_for_it() {
    let _quiet = crate::QUIET.lock().await;
    let site = Site::configured().await;
    let machine = &site.machine;
    machine.does("systemctl start naia-migrate").await;
    let url = &site.database.url;
    let server = url.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap().to_owned();
    let away = free_address();
    machine.write("/etc/naia/credentials/postgres-url", &url.replace(&server, &away)).await;
    let services = ["naia-pattern-worker", "naia-pattern-api"];
    for unit in services {
        let soon = "[Service]\nTimeoutStartSec=5\n";
        machine.write(&format!("/etc/systemd/system/{unit}.service.d/soon.conf"), soon).await;
    }
    machine
        .does(&format!("systemctl daemon-reload && systemctl start --no-block {}", services.join(" ")))
        .await;
    for unit in services {
        until("it waits for longer than it has", || async {
            let age = format!("ps -o etimes= -p $(systemctl show --value --property MainPID {unit})");
            let age = machine.says(&age).await.stdout.trim().parse::<u32>();
            age.is_ok_and(|seconds| seconds > 7)
        })
        .await;
        assert_eq!(machine.property(unit, "ActiveState").await, "activating");
        assert!(machine.property(unit, "StatusText").await.starts_with("waiting"), "{unit}");
    }
    tokio::spawn(forward(TcpListener::bind(&away).await.unwrap(), server));
    for unit in services {
        until("it serves", || async { machine.property(unit, "ActiveState").await == "active" }).await;
        assert_eq!(machine.property(unit, "NRestarts").await, "0");
    }
}

async fn forward(from: TcpListener, to: String) {
    while let Ok((mut client, _)) = from.accept().await {
        let mut server = TcpStream::connect(&to).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
    }
}

#[tokio::test]
async fn the_api_serves_https_with_a_key_that_only_root_can_read() {
    let _quiet = crate::QUIET.lock().await;
    let site = Site::configured().await;
    let machine = &site.machine;
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(folder.path());
    for (file, made) in [("tls-certificate.pem", "server.crt"), ("tls-key.pem", "server.key")] {
        machine.write(&format!("/etc/naia/credentials/{file}"), &certificates.pem(made)).await;
    }
    machine.does("chmod 600 /etc/naia/credentials/*").await;
    let tls = "[Service]\nEnvironment=NAIA_API__TLS_CERTIFICATE=%d/naia_tls-certificate.pem\n\
               Environment=NAIA_API__TLS_KEY=%d/naia_tls-key.pem\n";
    machine.write("/etc/systemd/system/naia-pattern-api.service.d/tls.conf", tls).await;
    machine.does("systemctl daemon-reload").await;
    machine.does("systemctl start naia-migrate naia-pattern-api").await;
    let authority = reqwest::Certificate::from_pem(certificates.pem("ca.crt").as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    let answer = client.get(format!("https://{}/health/live", site.api)).send().await.unwrap();
    assert!(answer.status().is_success());
}
