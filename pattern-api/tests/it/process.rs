use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pattern_bus::KafkaSettings;
use pattern_embedded::testing::{self, eventually as wait};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_naia-pattern-api");

/// The API as a process of its own; killed as by `kill -9` when dropped.
pub struct Process(Child);

impl Process {
    pub fn start(postgres: &str, kafka: &KafkaSettings, address: SocketAddr) -> Self {
        Self::start_with(postgres, kafka, address, &[])
    }

    /// With more variables, as `("NAIA_API__DRAIN_SECONDS", "1")`.
    pub fn start_with(
        postgres: &str,
        kafka: &KafkaSettings,
        address: SocketAddr,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::spawn(Command::new(PROGRAM).envs(variables.iter().copied()), postgres, kafka, address)
    }

    pub fn start_with_arguments(
        postgres: &str,
        kafka: &KafkaSettings,
        address: SocketAddr,
        arguments: &[&str],
    ) -> Self {
        Self::spawn(Command::new(PROGRAM).args(arguments), postgres, kafka, address)
    }

    /// Where the clock shows another time, as `faketime` has it (`+40d`).
    pub fn at_another_time(shift: &str, postgres: &str, kafka: &KafkaSettings, address: SocketAddr) -> Self {
        Self::spawn(Command::new(PROGRAM).envs(testing::at_another_time(shift)), postgres, kafka, address)
    }

    fn spawn(command: &mut Command, postgres: &str, kafka: &KafkaSettings, address: SocketAddr) -> Self {
        let child = command
            .env("NAIA_API__LISTEN", address.to_string())
            .env("NAIA_POSTGRES__URL", postgres)
            .env("NAIA_KAFKA__BOOTSTRAP_SERVERS", &kafka.bootstrap)
            .env("NAIA_KAFKA__TOPIC_PREFIX", &kafka.topic_prefix)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()
            .expect("the api starts");
        Self(child)
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().try_into().expect("a pid")), signal).expect("it lives");
    }

    /// The exit code, once it has ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        self.0.try_wait().expect("a child").and_then(|status| status.code())
    }

    pub async fn exit_code(&mut self) -> i32 {
        wait("the api ends", || {
            let ended = self.ended();
            async move { ended }
        })
        .await
    }

    /// A line of `/proc/<pid>/status` in KiB: `VmRSS`, `VmHWM`.
    pub fn memory_kib(&self, line: &str) -> i64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it lives");
        let text = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':')).expect("the line");
        text.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Where nobody listens yet.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").expect("port").local_addr().expect("address")
}
