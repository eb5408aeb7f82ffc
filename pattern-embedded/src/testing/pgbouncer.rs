use nix::unistd::{self, Uid, User};
use std::{
    fs::{self, File},
    net::TcpStream,
    os::fd::AsRawFd,
    path::Path,
    process::Command,
    sync::Arc,
    time::Duration,
};

use crate::{
    child::{RunAs, Server, Setting, Signal},
    poll,
    ports::free_port,
};

/// The pooler PgBouncer before one PostgreSQL; it ends with the value.
pub struct PgBouncer {
    _server: Server,
    port: u16,
}

impl PgBouncer {
    /// `url` is one of the test servers' databases, `settings` are lines of its configuration.
    pub async fn start(folder: &Path, url: &str, settings: &str) -> Self {
        let url: url::Url = url.parse().expect("url of a test database");
        let port = free_port(None).expect("a free port");
        let program = program();
        let file = folder.join(format!("pgbouncer-{port}.ini"));
        let log = folder.join(format!("pgbouncer-{port}.log"));
        let configuration = format!(
            "[databases]
* = host=127.0.0.1 port={} user={}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
{settings}
",
            url.port().expect("a port"),
            url.username(),
        );
        fs::write(&file, configuration).expect("settings of pgbouncer");
        // It does not run as root, and another user may have no way to the folder: it is handed the open file.
        let run_as = Uid::effective().is_root().then(|| {
            let nobody = User::from_name("nobody").ok().flatten().expect("a user without rights");
            unistd::chown(&file, Some(nobody.uid), Some(nobody.gid)).expect("its own settings");
            RunAs { uid: nobody.uid, gid: nobody.gid }
        });
        let opened = Arc::new(File::open(&file).expect("settings of pgbouncer"));
        let mut command = Command::new(&program);
        command.arg(format!("/proc/self/fd/{}", opened.as_raw_fd()));
        let setting = Setting { run_as, handed_down: Some(opened), orphaned: Signal::SIGKILL };
        let mut server = Server::start("pgbouncer", command, setting, &log)
            .unwrap_or_else(|e| panic!("{e} (apt-get install pgbouncer)"));
        let answers = poll(Duration::from_secs(20), || {
            assert!(server.ended().is_none(), "pgbouncer ended: {}", server.last_words());
            async move { TcpStream::connect(("127.0.0.1", port)).ok() }
        });
        answers.await.expect("pgbouncer answers");
        Self { _server: server, port }
    }

    /// Prepared statements go to whoever uses the session next.
    pub async fn start_without_tracking(folder: &Path, url: &str, settings: &str) -> Self {
        let untracked = if tracks() { "\nmax_prepared_statements = 0" } else { "" };
        Self::start(folder, url, &format!("{settings}{untracked}")).await
    }

    /// With `max_prepared_statements`; `None` where the installed release has no such setting.
    pub async fn start_tracking(folder: &Path, url: &str, settings: &str) -> Option<Self> {
        if tracks() { Some(Self::start(folder, url, settings).await) } else { None }
    }

    /// The address of `url`'s database through the pooler.
    pub fn url(&self, url: &str) -> String {
        let mut url: url::Url = url.parse().expect("url of a test database");
        url.set_port(Some(self.port)).expect("a url with a host");
        url.into()
    }
}

fn program() -> String {
    std::env::var("NAIA_PGBOUNCER").unwrap_or_else(|_| "pgbouncer".into())
}

/// Whether it can tell prepared statements of different clients apart: since 1.21.
fn tracks() -> bool {
    let answer = Command::new(program()).arg("--version").output();
    let answer = answer.unwrap_or_else(|e| panic!("{}: {e} (apt-get install pgbouncer)", program()));
    // "PgBouncer 1.18.0"
    let text = String::from_utf8_lossy(&answer.stdout);
    let mut numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(1), Some(21))
}
