use pattern_bus::KafkaSettings;
use pattern_embedded::testing;
use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_naia-pattern-api");

/// The API as a process of its own; killed as by `kill -9` when dropped.
pub struct Process(Child);

impl Process {
    pub fn start(postgres: &str, kafka: &KafkaSettings, address: SocketAddr) -> Self {
        Self::spawn(&mut Command::new(PROGRAM), postgres, kafka, address)
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
