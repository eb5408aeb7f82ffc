use axum::{body::Bytes, http::StatusCode};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::problem::Problem;

/// So many are told that there is no room; who comes on top of them is only closed.
const AT_ONCE: usize = 64;
const WITHIN: Duration = Duration::from_secs(1);

/// Answers clients for whom there is no room.
pub struct TurnedAway {
    answer: Bytes,
    clients: JoinSet<()>,
}

impl TurnedAway {
    pub fn new(connections: usize) -> Self {
        let problem = Problem::unavailable(format!(
            "{connections} connections are open, which is all that api.max_connections and the limit of open files \
             allow; try again shortly"
        ));
        let body = serde_json::to_string(&problem).expect("a problem is plain data");
        let answer = format!(
            "HTTP/1.1 {}\r\ncontent-type: application/problem+json\r\nretry-after: 2\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            StatusCode::SERVICE_UNAVAILABLE,
            body.len(),
        );
        Self { answer: answer.into(), clients: JoinSet::new() }
    }

    pub fn answer(&mut self, stream: TcpStream) {
        while self.clients.try_join_next().is_some() {}
        if self.clients.len() < AT_ONCE {
            let answer = self.answer.clone();
            self.clients.spawn(async move { drop(timeout(WITHIN, tell(stream, &answer)).await) });
        }
    }
}

/// Reads until the client has closed: closing with unread input would make the kernel throw the answer away.
async fn tell(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
