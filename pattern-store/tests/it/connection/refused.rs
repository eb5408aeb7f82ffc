use pattern_embedded::PostgresUse;
use pattern_store::{Store, StoreError};

use super::{Server, refusal};

#[tokio::test]
async fn what_never_can_succeed_is_refused_with_the_servers_words() {
    let server = Server::start("refused", PostgresUse::Stack).await;
    let url = server.url();
    let (start, address) = url.rsplit_once('@').unwrap();
    let (_, password) = start.rsplit_once(':').unwrap();

    assert!(refusal(&format!("postgres://naia:wrong@{address}")).await.contains("password"));
    assert!(refusal(&format!("postgres://nobody:{password}@{address}")).await.contains("nobody"));
    let elsewhere = address.replace("/naia", "/elsewhere");
    assert!(refusal(&format!("postgres://naia:{password}@{elsewhere}")).await.contains("elsewhere"));
    assert!(refusal(&format!("{url}?sslmode=require")).await.contains("TLS"));
    server.postgres.stop().await;
}

#[tokio::test]
async fn a_password_that_changes_later_is_told_and_tried_again() {
    let server = Server::start("rotated", PostgresUse::Stack).await;
    let store = Store::connect_lazy(&server.url(), 2).unwrap();
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    let mut admin = store.pool().acquire().await.unwrap();
    let terminate = "select pg_terminate_backend(pid) from pg_stat_activity
                     where pid <> pg_backend_pid() and application_name like 'naia%'";
    let password: String = sqlx::query_scalar("select rolpassword from pg_authid where rolname = 'naia'")
        .fetch_one(&mut *admin)
        .await
        .unwrap();
    sqlx::query("alter role naia password 'other'").execute(&mut *admin).await.unwrap();
    sqlx::query(terminate).execute(&mut *admin).await.unwrap();

    let told = store.ping().await.unwrap_err();
    assert!(matches!(&told, StoreError::Refused(reason) if reason.contains("password")), "{told}");
    let back = format!("alter role naia password '{password}'");
    sqlx::query(sqlx::AssertSqlSafe(back)).execute(&mut *admin).await.unwrap();
    store.ping().await.unwrap();
    drop(admin);
    server.postgres.stop().await;
}
