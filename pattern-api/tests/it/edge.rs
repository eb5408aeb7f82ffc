//! Clients that are slow, or too many.

use reqwest::StatusCode;
use tokio::net::TcpSocket;

use crate::{
    live::wait,
    raw::{Api, Client, status},
};

const HALF_A_HEAD: &str = "GET /api/suggestions HTTP/1.1\r\nhost: x\r\nx-a: ";

#[tokio::test]
async fn clients_that_stop_half_way_are_cut_and_others_are_not() {
    let api = Api::start(&[
        ("NAIA_API__HEADER_TIMEOUT_SECONDS", "1"),
        ("NAIA_API__BODY_TIMEOUT_SECONDS", "1"),
        ("NAIA_API__IDLE_TIMEOUT_SECONDS", "600"),
    ])
    .await;
    let mut idle = api.saying(&api.get("/health/live")).await;
    assert_eq!(status(&idle.answer().await), 200);
    let mut silent = api.client().await;
    let mut in_head = api.saying(HALF_A_HEAD).await;
    let mut in_body = api.saying(&(api.post("/api/samples", 100) + "{")).await;
    let mut in_list = api.saying(&(api.post("/api/suggestions/bulk", 100) + "[")).await;
    // So much earns two minutes, and still no silence.
    let mut stalled =
        api.saying(&(api.post("/api/samples", 4 << 20) + "{\"a\":\"" + &"x".repeat(2 << 20))).await;
    assert_eq!((silent.rest().await, in_head.rest().await), (String::new(), String::new()));
    let answer = in_body.rest().await;
    assert!(status(&answer) == 408 && answer.contains("api.body_timeout_seconds"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert_eq!(status(&in_list.rest().await), 422);
    assert_eq!(status(&stalled.rest().await), 408);
    idle.say(api.get("/health/live").as_bytes()).await;
    assert_eq!(status(&idle.answer().await), 200, "between two requests a client may take its time");
    // A second head is timed as the first one is.
    idle.say(HALF_A_HEAD.as_bytes()).await;
    assert_eq!(idle.rest().await, "");
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused_without_waiting_for_it() {
    // Two minutes for a body: more than the test would wait.
    let api = Api::start(&[("NAIA_API__BODY_TIMEOUT_SECONDS", "120")]).await;
    let mut client = api.saying(&api.post("/api/samples", 1 << 40)).await;
    assert_eq!(status(&client.answer().await), 413);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_a_while() {
    let api = Api::start(&[("NAIA_API__IDLE_TIMEOUT_SECONDS", "1")]).await;
    let mut client = api.saying(&api.get("/health/live")).await;
    assert_eq!(status(&client.answer().await), 200);
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_cut() {
    let api = Api::start(&[("NAIA_API__WRITE_TIMEOUT_SECONDS", "1")]).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut client = Client(socket.connect(api.address).await.expect("the api listens"));
    let asked = 400;
    client.say(api.get("/api/openapi.json").repeat(asked).as_bytes()).await;
    wait("the client is cut", async || (!api.holds(&client)).then_some(())).await;
    let came = client.rest().await.matches("HTTP/1.1 200").count();
    assert!(came < asked, "all was sent");
}

#[tokio::test]
async fn who_comes_beyond_the_cap_is_told_so_and_served_when_there_is_room_again() {
    let api = Api::start(&[("NAIA_API__MAX_CONNECTIONS", "4")]).await;
    let get = api.get("/health/live");
    // The client that waited for the api may still hold a connection.
    let mut seats: Vec<Client> = Vec::new();
    let refusal = loop {
        let mut client = api.saying(&get).await;
        let answer = client.answer().await;
        if status(&answer) != 200 {
            break answer;
        }
        seats.push(client);
        assert!(seats.len() <= 4, "there is no cap");
    };
    assert_eq!(status(&refusal), 503);
    let lower = refusal.to_lowercase();
    assert!(lower.contains("api.max_connections") && lower.contains("retry-after"), "{refusal}");
    assert!(lower.contains("application/problem+json") && lower.contains("connection: close"), "{refusal}");
    seats.pop();
    wait("there is room again", async || {
        let mut client = api.saying(&get).await;
        (status(&client.answer().await) == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bodies_hold_no_more_memory_than_they_may_and_small_ones_are_always_taken() {
    let api = Api::start(&[("NAIA_API__MAX_BODY_MEMORY_MIB", "16")]).await;
    let most_of_it = format!("{{\"data_source\":\"{}", "x".repeat(15 << 20));
    let _holds = api.saying(&(api.post("/api/samples", 16_000_000) + &most_of_it)).await;
    let url = |path: &str| format!("http://{}{path}", api.address);
    let client = reqwest::Client::new();
    // Until the first one has come all the way in, there may be room.
    let refused = wait("there is no room", async || {
        let body = format!("{{\"data_source\":\"\",\"unknown\":\"{}\"}}", "x".repeat(8 << 20));
        let answer = client.post(url("/api/samples")).body(body).send().await.expect("an answer");
        (answer.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert!(refused.text().await.expect("text").contains("sent at once"));
    let bulk = client.post(url("/api/suggestions/bulk")).body(r#"{"decisions":[]}"#);
    assert_eq!(bulk.send().await.expect("an answer").status(), StatusCode::OK);
}
