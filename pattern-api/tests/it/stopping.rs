//! How the API ends while clients hold on to it.

use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use tokio_tungstenite::connect_async;

use crate::{
    live::{self, wait},
    raw::{Api, Client, status},
};

/// Clients whose bodies never end; the api has begun to read them.
async fn stalled(api: &Api) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..5 {
        let head = api.post("/api/samples", 100).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
        let mut client = api.saying(&head).await;
        assert_eq!(status(&client.answer().await), 100);
        client.say(b"{").await;
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn stalled_requests_are_cut_at_the_end_of_the_drain_and_sockets_are_told_at_its_begin() {
    let drain = Duration::from_secs(2);
    let mut api =
        Api::start(&[("NAIA_API__DRAIN_SECONDS", "2"), ("NAIA_API__BODY_TIMEOUT_SECONDS", "600")]).await;
    let (socket, _) = connect_async(format!("ws://{}/ws", api.address)).await.expect("a socket");
    let mut browser = live::Client::over(socket);
    browser.expect("connected").await;
    let mut idle = api.saying(&api.get("/health/live")).await;
    assert_eq!(status(&idle.answer().await), 200);
    let mut stalled = stalled(&api).await;
    let began = Instant::now();
    api.process.signal(Signal::SIGTERM);
    assert_eq!(browser.close_code().await, 3001);
    assert_eq!(idle.rest().await, "", "an idle connection is closed");
    assert_eq!(api.process.exit_code().await, 0);
    assert!(began.elapsed() >= drain, "requests had their time");
    for client in &mut stalled {
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut api =
        Api::start(&[("NAIA_API__DRAIN_SECONDS", "3600"), ("NAIA_API__BODY_TIMEOUT_SECONDS", "3600")]).await;
    let _stalled = stalled(&api).await;
    api.process.signal(Signal::SIGTERM);
    wait("it takes no more clients", async || {
        tokio::net::TcpStream::connect(api.address).await.is_err().then_some(())
    })
    .await;
    assert_eq!(api.process.ended(), None, "the first signal lets requests end");
    api.process.signal(Signal::SIGINT);
    assert_eq!(api.process.exit_code().await, 130);
}
