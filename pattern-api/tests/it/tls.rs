use pattern_bus::KafkaSettings;
use pattern_embedded::testing::{self, Certificates, TestDatabase};
use reqwest::{Certificate, Client, StatusCode};
use std::{fs, net::SocketAddr, path::Path};

use crate::{
    live::NO_BROKER,
    process::{Process, free_address},
};

fn trusting(certificates: &Certificates) -> Client {
    let authority = Certificate::from_pem(certificates.pem("ca.crt").as_bytes()).expect("a certificate");
    Client::builder().tls_certs_only([authority]).build().expect("a client")
}

async fn is_alive(client: Client, address: SocketAddr) -> Option<()> {
    let answer = client.get(format!("https://{address}/health/live")).send().await.ok()?;
    (answer.status() == StatusCode::OK).then_some(())
}

#[tokio::test]
async fn the_api_serves_https_and_shows_a_new_certificate_when_its_files_change() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    let first = Certificates::make(&path("first"));
    let put = |from: &Path, name: &str| {
        // As certificate managers do it: another file takes the place.
        fs::copy(from, path("partial")).expect("copied");
        fs::rename(path("partial"), path(name)).expect("replaced");
    };
    put(&first.path("server.crt"), "tls.crt");
    put(&first.path("server.key"), "tls.key");
    let (certificate, key) = (path("tls.crt"), path("tls.key"));
    let variables = [
        ("NAIA_API__TLS_CERTIFICATE", certificate.to_str().expect("a path")),
        ("NAIA_API__TLS_KEY", key.to_str().expect("a path")),
    ];
    let (database, address) = (TestDatabase::create().await, free_address());
    let _api = Process::start_with(&database.url, &KafkaSettings::new(NO_BROKER), address, &variables);
    testing::eventually("https is served", || is_alive(trusting(&first), address)).await;
    assert!(
        Client::new().get(format!("http://{address}/health/live")).send().await.is_err(),
        "no plain http"
    );

    let second = Certificates::make(&path("second"));
    put(&second.path("server.crt"), "tls.crt");
    put(&second.path("server.key"), "tls.key");
    testing::eventually("the new certificate", || is_alive(trusting(&second), address)).await;
    assert_eq!(is_alive(trusting(&first), address).await, None, "the old authority vouches for it no more");
}
