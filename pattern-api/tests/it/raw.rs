//! An API process, and clients that say to it what they like.

use pattern_embedded::testing::TestDatabase;
use pattern_store::Store;
use reqwest::StatusCode;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    live::{LIMIT, NO_BROKER, wait},
    process::{Process, free_address},
};

pub struct Api {
    pub process: Process,
    pub address: SocketAddr,
    _database: TestDatabase,
}

impl Api {
    /// Without Kafka.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 4).expect("store");
        store.migrate().await.expect("migrate");
        store.close().await;
        let (kafka, address) = (pattern_bus::KafkaSettings::new(NO_BROKER), free_address());
        let process = Process::start_with(&database.url, &kafka, address, variables);
        let api = Self { process, address, _database: database };
        wait("the api is ready", async || {
            let answer = reqwest::get(format!("http://{address}/health/ready")).await.ok()?;
            (answer.status() == StatusCode::OK).then_some(())
        })
        .await;
        api
    }

    pub async fn client(&self) -> Client {
        Client(TcpStream::connect(self.address).await.expect("the api listens"))
    }

    /// A client that has said this so far.
    pub async fn saying(&self, text: &str) -> Client {
        let mut client = self.client().await;
        client.say(text.as_bytes()).await;
        client
    }

    /// Whether the api's end of the connection is open.
    pub fn holds(&self, client: &Client) -> bool {
        const OPEN: &str = "01";
        let hex_port = |address: SocketAddr| format!(":{:04X}", address.port());
        let (here, there) = (hex_port(self.address), hex_port(client.0.local_addr().expect("an address")));
        let all = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's list");
        all.lines().any(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            fields[1].ends_with(&here) && fields[2].ends_with(&there) && fields[3] == OPEN
        })
    }

    pub fn get(&self, path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address)
    }

    /// The head of a request with a body.
    pub fn post(&self, path: &str, length: usize) -> String {
        format!("POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\n\r\n", self.address)
    }
}

pub struct Client(pub TcpStream);

impl Client {
    pub async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the api takes it");
    }

    /// All that comes until the connection ends.
    pub async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        // A reset is an end as well.
        let _ = timeout(LIMIT, self.0.read_to_end(&mut text)).await.expect("the connection stays open");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// One answer, to the end of what its length says.
    pub async fn answer(&mut self) -> String {
        let mut text = String::new();
        let mut bytes = [0; 16 * 1024];
        loop {
            let some =
                timeout(LIMIT, self.0.read(&mut bytes)).await.expect("no answer").expect("a connection");
            assert!(some > 0, "it ended within an answer: {text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..some]));
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
                return text;
            }
        }
    }
}

/// The status of an answer.
pub fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer}"))
}
