//! Real servers for tests: each test gets its own database, topics are told apart by name.
//!
//! `NAIA_TEST_POSTGRES` and `NAIA_TEST_KAFKA` name the servers to use (`make test` starts a pair for
//! all test programs). Without them each test program starts its own, once.

mod certificates;
mod pgbouncer;

pub use certificates::Certificates;
pub use pgbouncer::PgBouncer;

use sqlx::{Connection, Executor, PgConnection};
use std::{fs, future::Future, path::PathBuf, sync::OnceLock, thread, time::Duration};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{DataDir, EmbeddedKafka, EmbeddedPostgres, KafkaPrograms, PostgresUse, poll};

pub const POSTGRES_VARIABLE: &str = "NAIA_TEST_POSTGRES";
pub const KAFKA_VARIABLE: &str = "NAIA_TEST_KAFKA";
pub const KAFKA_LIBS_VARIABLE: &str = "NAIA_KAFKA_LIBS";

/// Longer than anything takes; it is only waited for where something is broken.
const PATIENCE: Duration = Duration::from_secs(90);

/// Polls until `attempt` answers something; panics with what was waited for when it never does.
pub async fn eventually<T, F, Fut>(what: &str, attempt: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    poll(PATIENCE, attempt).await.unwrap_or_else(|| panic!("waited in vain: {what}"))
}

/// Polls until `check` holds.
pub async fn until<F, Fut>(what: &str, mut check: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    eventually(what, || {
        let answer = check();
        async move { answer.await.then_some(()) }
    })
    .await;
}

/// How much processor time the process uses within `time`, in seconds.
pub async fn processor_seconds_during(pid: u32, time: Duration) -> f64 {
    let used = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        // utime and stime, in hundredths of a second.
        fields[11..13].iter().map(|f| f.parse::<f64>().expect("number") / 100.0).sum::<f64>()
    };
    let before = used();
    tokio::time::sleep(time).await;
    used() - before
}

/// An empty database of its own, dropped with the value.
pub struct TestDatabase {
    pub url: String,
    name: String,
    admin_url: String,
}

impl TestDatabase {
    pub async fn create() -> Self {
        let admin_url = postgres_url();
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut admin = PgConnection::connect(&admin_url).await.expect("test postgres must be reachable");
        admin.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.expect("create database");
        let (base, _) = admin_url.rsplit_once('/').expect("postgres url ends in /database");
        Self { url: format!("{base}/{name}"), name, admin_url: admin_url.clone() }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (name, admin_url) = (self.name.clone(), self.admin_url.clone());
        drop(on_own_thread(async move {
            let mut admin = PgConnection::connect(&admin_url).await?;
            admin.execute(sqlx::AssertSqlSafe(format!("drop database if exists {name} with (force)"))).await
        }));
    }
}

/// Admin url of the PostgreSQL that tests use, ending in `/postgres`.
pub fn postgres_url() -> String {
    static OWN: OnceLock<(EmbeddedPostgres, DataDir)> = OnceLock::new();
    if let Ok(url) = std::env::var(POSTGRES_VARIABLE) {
        return url;
    }
    let (own, _) = OWN.get_or_init(|| {
        let data_dir = private_folder("postgres");
        on_own_thread(async move {
            let started = EmbeddedPostgres::start(&data_dir, PostgresUse::Tests).await;
            (started.expect("tests need PostgreSQL"), data_dir)
        })
    });
    own.database_url("postgres")
}

/// Bootstrap servers of the Apache Kafka that tests use.
pub fn kafka_bootstrap() -> String {
    static OWN: OnceLock<(EmbeddedKafka, DataDir)> = OnceLock::new();
    if let Ok(bootstrap) = std::env::var(KAFKA_VARIABLE) {
        return bootstrap;
    }
    let (own, _) = OWN.get_or_init(|| {
        let programs = kafka_programs();
        let data_dir = private_folder("kafka");
        on_own_thread(async move {
            (EmbeddedKafka::start(&data_dir, &programs).await.expect("tests need Apache Kafka"), data_dir)
        })
    });
    own.bootstrap()
}

/// A server that is away, and knows when somebody looks for it.
pub struct Away {
    /// `127.0.0.1:port`
    pub address: String,
    listener: TcpListener,
}

impl Away {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self { address: listener.local_addr().expect("bound").to_string(), listener }
    }

    /// Returns once somebody has connected; from then on connections are refused.
    pub async fn is_looked_for(self) {
        let looked_for = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        looked_for.expect("nobody looks for the server").expect("a connection");
    }
}

/// Variables for a program whose clock shows another time, shifted as faketime has it (`+40d`). Without its wrapper,
/// which would outlive its own death by a signal.
pub fn at_another_time(shift: &str) -> Vec<(&'static str, String)> {
    let libraries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let library = libraries
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("tests need faketime: apt-get install faketime");
    let mut variables = vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME", shift.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    if shift.starts_with('-') {
        // Timed waits end at once then, and librdkafka waits again and again: a client that is made meanwhile may
        // wait for its own threads, which do not get the lock, for a minute.
        variables.push(("FAKETIME_START_AFTER_SECONDS", "3".to_owned()));
    }
    variables
}

/// Java and the jars, for tests that run Kafka's own tools.
pub fn kafka_programs() -> KafkaPrograms {
    KafkaPrograms::find(None).unwrap_or_else(|missing| panic!("tests need Apache Kafka: {missing}"))
}

/// A folder for servers of this process; those of processes that are gone are removed.
pub fn private_folder(name: &str) -> DataDir {
    let all = std::env::temp_dir().join("naia-test-servers");
    for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
        let owner = entry.file_name().to_string_lossy().split('-').next().map(str::to_owned);
        let alive = owner.is_some_and(|pid| PathBuf::from("/proc").join(pid).exists());
        if !alive {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
    let folder = all.join(format!("{}-{name}-{}", std::process::id(), Uuid::new_v4().simple()));
    DataDir::open(&folder).expect("the temporary folder must be writable")
}

/// A runtime cannot block inside another one.
fn on_own_thread<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let thread = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work)
    });
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
