use axum::extract::ws::{Message, WebSocket};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};

use super::{
    CloseCode,
    messages::{self, ClientMessage},
    writer::{Ending, Writer},
};
use crate::hub::Hub;

/// How long a client may take to receive its close frame and to answer it.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// A client that talks faster than it is answered has to wait.
const COMMANDS: usize = 4;

/// In a box, since a channel keeps room for 32 of them.
pub type Boxed = Box<Command>;

/// What the client said.
#[derive(Debug)]
pub enum Command {
    Message(ClientMessage),
    NotUnderstood(String),
    /// A pong, or another sign of life.
    Alive,
}

/// One connection, from the upgrade to its end. What it rarely does is in boxes, so that thousands of them which
/// only wait are small.
pub async fn serve(socket: WebSocket, hub: Arc<Hub>) {
    let _counted = hub.connection();
    let (sink, mut stream) = socket.split();
    let (sender, commands) = mpsc::channel(COMMANDS);
    let mut writer = Writer::new(hub.clone(), sink);
    let ending = tokio::select! {
        ending = writer.run(commands) => ending,
        () = listen(&mut stream, sender) => Ending::Gone,
    };
    if let Ending::Close(code) = ending {
        hub.count_disconnect(code.number());
        // Whoever does not take it within the time is gone anyway.
        let _ = timeout(CLOSE_WITHIN, Box::pin(say_goodbye(writer.into_sink(), stream, code))).await;
    } else {
        hub.count_disconnect(1000);
    }
}

async fn listen(stream: &mut SplitStream<WebSocket>, commands: mpsc::Sender<Boxed>) {
    while let Some(Ok(message)) = stream.next().await {
        let command = match message {
            Message::Text(text) => match messages::parse(&text) {
                Ok(message) => Command::Message(message),
                Err(reason) => Command::NotUnderstood(reason),
            },
            Message::Binary(_) => Command::NotUnderstood("messages are JSON text".into()),
            Message::Ping(_) | Message::Pong(_) => Command::Alive,
            Message::Close(_) => return,
        };
        if commands.send(Box::new(command)).await.is_err() {
            return;
        }
    }
}

/// Sends the close frame and waits for the client's: closing the socket with unread input would make
/// the kernel throw the frame away.
async fn say_goodbye(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    code: CloseCode,
) {
    if sink.send(Message::Close(Some(code.frame()))).await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_answer<A, B, F: Future>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn what_a_connection_keeps_is_small() {
        let bytes = size_of_answer(serve);
        assert!(bytes < 3 * 1024, "{bytes} bytes");
    }
}
