//! `naia import` while its database goes away in the middle.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pattern_cli::import::grouped;
use pattern_embedded::{EmbeddedPostgres, PostgresUse, testing};
use pattern_store::Store;
use sqlx::{Connection, Executor, PgConnection};
use std::{fmt::Write, fs, path::Path, process::Output};
use tokio::{process::Child, time::timeout};

use crate::program::{TIMEOUT, naia};

/// Two batches of 250 000 on the first day, and a third one of both days.
const ON_FIRST_DAY: usize = 520_000;
const ON_SECOND_DAY: usize = 20_000;
const FIRST_DAY: i64 = 1_772_409_600_000;

/// An import that has stored its first day, and waits for the second one's table.
struct Halfway {
    folder: tempfile::TempDir,
    url: String,
    import: Child,
    held: PgConnection,
}

impl Halfway {
    async fn reach(url: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plant = folder.path().join("north");
        fs::create_dir(&plant).unwrap();
        fs::write(plant.join("points.csv"), "name\nA\n").unwrap();
        // Both days have a table already.
        write_samples(&plant, &[(FIRST_DAY, 0.0), (FIRST_DAY + 86_400_000, 0.0)]);
        let first = start(folder.path(), &url).wait_with_output().await.unwrap();
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        let day = |from: i64, count: usize| (0..count as i64).map(move |i| (from + i * 100, i as f64));
        let all: Vec<_> =
            day(FIRST_DAY, ON_FIRST_DAY).chain(day(FIRST_DAY + 86_400_000, ON_SECOND_DAY)).collect();
        write_samples(&plant, &all);

        let mut held = PgConnection::connect(&url).await.unwrap();
        held.execute("begin; lock table samples_20260303 in access exclusive mode").await.unwrap();
        let import = start(folder.path(), &url);
        let mut watching = PgConnection::connect(&url).await.unwrap();
        testing::until("the import waits for the second day", || async {
            let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
            let mut watching = PgConnection::connect(&url).await.unwrap();
            sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watching).await.unwrap() > 0
        })
        .await;
        let stored: i64 = sqlx::query_scalar("select count(*) from samples_20260302")
            .fetch_one(&mut watching)
            .await
            .unwrap();
        assert!(stored > 250_000, "{stored}");
        Self { folder, url, import, held }
    }
}

fn write_samples(plant: &Path, samples: &[(i64, f64)]) {
    let mut csv = String::from("timestamp,name,value\n");
    samples.iter().for_each(|(at, value)| writeln!(csv, "{at},A,{value}").unwrap());
    fs::write(plant.join("samples.csv"), csv).unwrap();
}

fn start(folder: &Path, url: &str) -> Child {
    naia(&["import", "north", "--postgres", url]).current_dir(folder).spawn().unwrap()
}

async fn ended(import: Child) -> (bool, String, String) {
    let Output { status, stdout, stderr } =
        timeout(TIMEOUT, import.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

/// Rows as they lie there, whatever reading would merge.
async fn rows(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("select count(*) from samples").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn an_import_outlives_its_database_and_stores_everything_once() {
    let server = testing::private_folder("import");
    let postgres = EmbeddedPostgres::start(&server, PostgresUse::Tests).await.unwrap();
    let halfway = Halfway::reach(postgres.url()).await;
    // The import still waits for the second day, or it could be over before the database is away.
    postgres.stop().await;
    drop(halfway.held);
    let again = EmbeddedPostgres::start(&server, PostgresUse::Tests).await.unwrap();
    assert_eq!(again.url(), halfway.url);

    let (succeeded, said, problems) = ended(halfway.import).await;
    assert!(succeeded, "{problems}");
    assert_eq!(problems.matches("the database is away while storing samples").count(), 1, "{problems}");
    assert_eq!(problems.matches("the database is back").count(), 1, "{problems}");
    let new = grouped((ON_FIRST_DAY + ON_SECOND_DAY) as u64 - 2);
    assert!(said.contains(&format!("{new} new, 0 changed, 2 unchanged, 0 rejected")), "{said}");
    assert_eq!(rows(&halfway.url).await, (ON_FIRST_DAY + ON_SECOND_DAY) as i64);
    let store = Store::connect_lazy(&halfway.url, 2).unwrap();
    let source = store.data_source("north").await.unwrap().unwrap();
    assert_eq!(source.point_count, 1);
    store.close().await;
    again.stop().await;
}

#[tokio::test]
async fn an_import_that_is_stopped_says_how_to_go_on_and_goes_on() {
    let database = testing::TestDatabase::create().await;
    let halfway = Halfway::reach(database.url.clone()).await;
    kill(Pid::from_raw(halfway.import.id().unwrap() as i32), Signal::SIGINT).unwrap();
    let (succeeded, _, problems) = ended(halfway.import).await;
    assert!(!succeeded);
    assert!(
        problems.contains("the same command again")
            && problems.contains(&format!("{} samples are stored", grouped(500_000))),
        "{problems}"
    );
    drop(halfway.held);

    let (succeeded, said, problems) = ended(start(halfway.folder.path(), &halfway.url)).await;
    assert!(succeeded, "{problems}");
    let unchanged = grouped(500_001);
    assert!(said.contains(&format!("{unchanged} unchanged, 0 rejected")), "{said}");
    assert_eq!(rows(&halfway.url).await, (ON_FIRST_DAY + ON_SECOND_DAY) as i64);
}
