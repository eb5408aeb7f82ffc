use pattern_embedded::{PostgresUse, testing::until};
use pattern_store::{NewPoint, Store, StoreError};

use super::Server;

#[tokio::test]
async fn a_server_that_takes_no_writes_is_not_ready_and_writes_wait_for_one_that_does() {
    let server = Server::start("read-only", PostgresUse::Tests).await;
    let store = Store::connect_lazy(&server.url(), 2).unwrap();
    store.migrate().await.unwrap();
    store.register_points("plant", &[NewPoint::named("a")]).await.unwrap();

    server.read_only("on").await;
    let told = store.ping().await.unwrap_err();
    assert!(matches!(&told, StoreError::Unavailable(reason) if reason.starts_with("read-only")), "{told:?}");
    let told = store.register_points("plant", &[NewPoint::named("b")]).await.unwrap_err();
    assert!(matches!(&told, StoreError::Unavailable(_)), "{told:?}");
    store.data_source("plant").await.unwrap().expect("reading goes on");

    server.read_only("off").await;
    store.ping().await.unwrap();
    store.register_points("plant", &[NewPoint::named("b")]).await.unwrap();
    server.postgres.stop().await;
}

#[tokio::test]
async fn of_several_hosts_the_one_that_takes_writes_is_used() {
    let one = Server::start("primary-one", PostgresUse::Tests).await;
    let two = Server::start("primary-two", PostgresUse::Tests).await;
    Store::connect_lazy(&one.url(), 2).unwrap().migrate().await.unwrap();
    one.read_only("on").await;
    let address = |server: &Server| {
        let url = server.url();
        url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned()
    };
    let both = format!("postgres://naia@{},{}/naia", address(&one), address(&two));
    let store = Store::connect_lazy(&both, 2).unwrap();
    store.migrate().await.unwrap();
    store.wait_until_ready().await.unwrap();
    let mut listener = store.listener("primary", std::time::Duration::from_millis(200));
    store.register_points("at two", &[NewPoint::named("a")]).await.unwrap();
    assert!(store.data_source("at two").await.unwrap().is_some());

    two.read_only("on").await;
    one.read_only("off").await;
    until("the other server is written to", || async {
        store.register_points("at one", &[NewPoint::named("a")]).await.is_ok()
    })
    .await;
    assert!(store.data_source("at two").await.unwrap().is_none(), "that was the other server");

    two.postgres.stop().await;
    store.ping().await.unwrap();
    loop {
        sqlx::query("select pg_notify('primary', 'here')").execute(store.pool()).await.unwrap();
        if listener.wait().await.as_deref() == Some("here") {
            break;
        }
    }
    one.postgres.stop().await;
}
