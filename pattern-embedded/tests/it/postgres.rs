use pattern_embedded::{DataDir, EmbeddedPostgres, PostgresUse};
use sqlx::{Connection, Executor, PgConnection};
use std::{fs, os::unix::fs::MetadataExt, os::unix::process::CommandExt, process::Command};

async fn start(folder: &DataDir) -> EmbeddedPostgres {
    EmbeddedPostgres::start(folder, PostgresUse::Stack).await.unwrap()
}

#[tokio::test]
async fn a_second_start_finds_the_data_at_the_same_address() {
    // Private to its owner, as `mktemp -d` makes it: the user that runs postgres cannot pass it.
    let outer = tempfile::tempdir().unwrap();
    let folder = DataDir::open(&outer.path().join("naia")).unwrap();
    let postgres = start(&folder).await;
    let url = postgres.url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute("create extension hstore").await.unwrap();
    connection.execute("create table kept as select 42 as answer").await.unwrap();
    postgres.stop().await;

    let postgres = start(&folder).await;
    assert_eq!(postgres.url(), url);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let answer: i32 = sqlx::query_scalar("select answer from kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(answer, 42);
    postgres.stop().await;
}

#[tokio::test]
async fn nobody_connects_without_the_password() {
    let outer = tempfile::tempdir().unwrap();
    let postgres = start(&DataDir::open(outer.path()).unwrap()).await;
    let (_, address) = postgres.url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let refused = PgConnection::connect(&format!("postgres://naia:wrong@{address}")).await;
    assert!(refused.unwrap_err().to_string().contains("password"));
    postgres.stop().await;
}

#[tokio::test]
async fn a_pid_file_that_names_another_living_process_does_not_stop_a_start() {
    let outer = tempfile::tempdir().unwrap();
    let folder = DataDir::open(outer.path()).unwrap();
    start(&folder).await.stop().await;
    let cluster = folder.path().join("postgres");
    let owner = fs::metadata(&cluster).unwrap();
    let mut stranger = Command::new("sleep").arg("600").uid(owner.uid()).spawn().unwrap();
    let text = format!("{}\n/somewhere\n1700000000\n54321\n\n127.0.0.1\n  123  456\nready\n", stranger.id());
    fs::write(cluster.join("postmaster.pid"), text).unwrap();

    let again = EmbeddedPostgres::start(&folder, PostgresUse::Stack).await;
    assert!(stranger.try_wait().unwrap().is_none(), "a stranger's process was ended");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    again.unwrap().stop().await;
}

#[tokio::test]
async fn data_of_a_release_that_is_not_installed_is_left_alone_and_explained() {
    let outer = tempfile::tempdir().unwrap();
    let folder = DataDir::open(outer.path()).unwrap();
    fs::create_dir(folder.path().join("postgres")).unwrap();
    fs::write(folder.path().join("postgres/PG_VERSION"), "9\n").unwrap();

    let refused = EmbeddedPostgres::start(&folder, PostgresUse::Stack).await.err().unwrap().to_string();
    assert!(
        refused.contains("made by PostgreSQL 9") && refused.contains("install postgresql-9"),
        "{refused}"
    );
    assert!(folder.path().join("postgres/PG_VERSION").exists());
}

#[tokio::test]
async fn an_initdb_that_was_cut_off_is_done_again() {
    let outer = tempfile::tempdir().unwrap();
    let folder = DataDir::open(outer.path()).unwrap();
    fs::create_dir_all(folder.path().join("postgres/base")).unwrap();
    fs::write(folder.path().join("postgres/pg_hba.conf"), "half").unwrap();
    fs::write(folder.path().join("postgres/PG_VERSION"), "").unwrap();
    fs::write(folder.path().join("postgres.making"), "").unwrap();
    start(&folder).await.stop().await;
}
