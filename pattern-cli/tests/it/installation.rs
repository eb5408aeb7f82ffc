//! What an operator types when an installation is set up: `naia migrate`, `naia keys`, `naia health`.

use pattern_embedded::testing::{self, TestDatabase, eventually};
use pattern_store::{AuditFilter, Store};
use serde_json::Value;
use std::process::Output;

use crate::program::naia;

async fn run(arguments: &[&str]) -> Output {
    naia(arguments).output().await.unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_and_an_empty_kafka_are_prepared_as_often_as_one_likes() {
    let database = TestDatabase::create().await;
    let prefix = format!("t{}.", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    let migrate = async || {
        naia(&["migrate", "--postgres", &database.url])
            .env("NAIA_KAFKA__BOOTSTRAP_SERVERS", testing::kafka_bootstrap())
            .env("NAIA_KAFKA__TOPIC_PREFIX", &prefix)
            .output()
            .await
            .unwrap()
    };
    for _ in 0..2 {
        assert!(said(&migrate().await).contains("the topics are there"));
    }
    let store = Store::connect_lazy(&database.url, 1).unwrap();
    store.wait_until_ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_listed_and_revoked_where_the_database_is() {
    let database = TestDatabase::create().await;
    let store = Store::connect_lazy(&database.url, 2).unwrap();
    store.migrate().await.unwrap();
    let keys =
        async |arguments: &[&str]| run(&[&["keys", "--postgres", &database.url], arguments].concat()).await;

    let secret = said(&keys(&["create", "gateway", "--scope", "viewer,operator", "--days", "30"]).await);
    let (_, known) = store.holder_of_key(secret.trim()).await.unwrap().expect("it is good");
    assert_eq!((known.principal.name.as_str(), known.principal.scopes.len()), ("gateway", 2));
    let again = keys(&["create", "gateway", "--scope", "viewer"]).await;
    let problem = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && problem.contains("revoke it first"), "{problem}");
    let wrong = keys(&["create", "other", "--scope", "god"]).await;
    let problem = String::from_utf8(wrong.stderr).unwrap();
    assert!(problem.contains("viewer, reviewer, operator, admin"), "{problem}");

    let list: Value = serde_json::from_str(&said(&keys(&["list", "--json"]).await)).unwrap();
    assert_eq!(list[0]["name"], "gateway");
    assert!(said(&keys(&["list"]).await).contains("gateway  viewer,operator"));
    assert!(said(&keys(&["revoke", "gateway"]).await).contains("revoked"));
    assert_eq!(store.holder_of_key(secret.trim()).await.unwrap(), None);
    let log = store.audit_log(&AuditFilter::default(), None, 9).await.unwrap();
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|entry| entry.actor.starts_with("console ")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_whether_a_service_serves() {
    let dead = run(&["health", "http://127.0.0.1:1"]).await;
    let problem = String::from_utf8(dead.stderr).unwrap();
    assert!(!dead.status.success() && problem.contains("does not answer"), "{problem}");

    let database = TestDatabase::create().await;
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut worker = crate::program::service("naia-pattern-worker");
    worker
        .env("NAIA_POSTGRES__URL", &database.url)
        .env("NAIA_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
        .env("NAIA_WORKER__METRICS_LISTEN", &listen);
    let _worker = worker.spawn().unwrap();
    let url = format!("http://{listen}");
    let waits = || async {
        let output = run(&["health", &url]).await;
        String::from_utf8(output.stdout).unwrap().contains("waiting: postgres").then_some(output.status)
    };
    assert!(!eventually("it waits for its tables", waits).await.success());
    assert!(said(&run(&["health", "--live", &url]).await).contains("up"));
    said(&run(&["migrate", "--without-topics", "--postgres", &database.url]).await);
    let ready = || async { run(&["health", &url]).await.status.success().then_some(()) };
    eventually("it serves", ready).await;
}
