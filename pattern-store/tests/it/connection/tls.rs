use chrono::{TimeZone, Utc};
use pattern_embedded::{
    PostgresUse,
    testing::{Certificates, until},
};
use pattern_store::{Store, samples::KeyedSample};
use sqlx::Connection;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
};

use super::{Server, refusal};

/// A PostgreSQL that knows everybody, over TLS only.
async fn encrypted(name: &str) -> (Server, Certificates) {
    let server = Server::start(name, PostgresUse::Tests).await;
    let certificates = Certificates::make(&server.data_dir.path().join("certificates"));
    let cluster = server.data_dir.path().join("postgres");
    let owner = fs::metadata(&cluster).unwrap();
    for file in ["server.crt", "server.key", "ca.crt"] {
        let copy = cluster.join(file);
        fs::copy(certificates.path(file), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&copy, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let allowed =
        "hostssl naia naia 127.0.0.1/32 trust\nhostssl naia,postgres certified 127.0.0.1/32 cert map=all\n";
    fs::write(cluster.join("pg_hba.conf"), allowed).unwrap();
    fs::write(cluster.join("pg_ident.conf"), "all naia certified\n").unwrap();
    server
        .run(&[
            "create role certified superuser login",
            "alter system set ssl_ca_file = 'ca.crt'",
            "alter system set ssl = on",
            "select pg_reload_conf()",
        ])
        .await;
    until("it encrypts", || async {
        sqlx::PgConnection::connect(&format!("{}?sslmode=require", server.url())).await.is_ok()
    })
    .await;
    (server, certificates)
}

#[tokio::test]
async fn connections_are_encrypted_and_the_servers_certificate_is_checked_as_the_url_says() {
    let (server, certificates) = encrypted("tls").await;
    let (url, ca) = (server.url(), certificates.path("ca.crt"));
    let ca = ca.display();
    for parameters in [
        "sslmode=require".to_owned(),
        format!("sslmode=verify-ca&sslrootcert={ca}"),
        format!("sslmode=verify-full&sslrootcert={ca}"),
    ] {
        let store = Store::connect_lazy(&format!("{url}?{parameters}"), 2).unwrap();
        store.wait_until_connected().await.unwrap();
        let encrypted: bool = sqlx::query_scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
            .fetch_one(store.pool())
            .await
            .unwrap();
        assert!(encrypted, "{parameters}");
    }

    // Nobody on this machine knows the authority.
    let untrusted = refusal(&format!("{url}?sslmode=verify-full")).await;
    assert!(untrusted.contains("certificate"), "{untrusted}");
    let other = Certificates::make(&server.data_dir.path().join("others"));
    let other = other.path("ca.crt");
    for mode in ["require", "verify-ca", "verify-full"] {
        let untrusted = refusal(&format!("{url}?sslmode={mode}&sslrootcert={}", other.display())).await;
        assert!(untrusted.contains("certificate"), "{mode}: {untrusted}");
    }
    let plain = refusal(&format!("{url}?sslmode=disable")).await;
    assert!(plain.contains("no encryption"), "{plain}");
    server.postgres.stop().await;
}

#[tokio::test]
async fn a_client_shows_its_certificate_and_stores_samples_over_tls() {
    let (server, certificates) = encrypted("tls-client").await;
    let file = |name: &str| certificates.path(name).display().to_string();
    let url = server.url().replace("naia@", "certified@");
    let url = format!("{url}?sslmode=verify-full&sslrootcert={}", file("ca.crt"));
    let without = refusal(&url).await;
    assert!(without.contains("certificate"), "{without}");

    let url = format!("{url}&sslcert={}&sslkey={}", file("client.crt"), file("client.key"));
    let store = Store::connect_lazy(&url, 4).unwrap();
    store.wait_until_connected().await.unwrap();
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    let from = Utc.with_ymd_and_hms(2026, 3, 2, 0, 0, 0).unwrap();
    let samples: Vec<KeyedSample> = (0..80_000)
        .map(|i| KeyedSample { key: 1, at: from + chrono::Duration::seconds(i), value: i as f64, quality: 0 })
        .collect();
    assert_eq!(store.append_samples(&samples).await.unwrap().hot, 80_000);
    server.postgres.stop().await;
}
