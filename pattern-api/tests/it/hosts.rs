//! A page of another site whose name was made to point to this machine.

use crate::raw::{Api, status};

async fn ask(api: &Api, line: &str, headers: &str) -> String {
    let mut client = api.saying(&format!("{line}\r\n{headers}connection: close\r\n\r\n")).await;
    client.rest().await
}

#[tokio::test]
async fn nothing_is_served_under_a_name_that_is_not_ours() {
    let api = Api::start(&[("NAIA_API__ALLOWED_HOSTS", r#"["naia.example"]"#)]).await;
    let port = api.address.port();
    let socket =
        "upgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n";
    let evil = format!("host: evil.example:{port}\r\norigin: http://evil.example:{port}\r\n");
    for (line, headers) in [
        ("GET /api/suggestions HTTP/1.1", evil.clone()),
        ("GET / HTTP/1.1", evil.clone()),
        ("GET /health/live HTTP/1.1", evil.clone()),
        ("GET /nowhere HTTP/1.1", evil.clone()),
        ("POST /api/jobs/flywheel/run HTTP/1.1", evil.clone()),
        ("GET /ws HTTP/1.1", format!("{evil}{socket}")),
        ("GET http://evil.example/api/suggestions HTTP/1.1", format!("host: 127.0.0.1:{port}\r\n")),
    ] {
        let answer = ask(&api, line, &headers).await;
        assert_eq!(status(&answer), 421, "{line}: {answer}");
        assert!(
            answer.contains("application/problem+json") && answer.contains("api.allowed_hosts"),
            "{answer}"
        );
    }
    for (line, headers, expected) in [
        ("GET /health/live HTTP/1.1", format!("host: 127.0.0.1:{port}\r\n"), 200),
        ("GET /api/suggestions HTTP/1.1", format!("host: LOCALHOST.:{port}\r\n"), 200),
        ("GET /api/suggestions HTTP/1.1", format!("host: [::1]:{port}\r\n"), 200),
        ("GET /api/suggestions HTTP/1.1", "host: naia.example\r\n".to_owned(), 200),
        ("GET /health/live HTTP/1.0", String::new(), 200),
        ("GET /health/live HTTP/1.1", String::new(), 400),
        ("GET /health/live HTTP/1.1", format!("host: 127.0.0.1:{port}\r\nhost: evil.example\r\n"), 400),
    ] {
        assert_eq!(status(&ask(&api, line, &headers).await), expected, "{line} {headers}");
    }
}
