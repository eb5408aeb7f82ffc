use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::timeout};

use super::{
    codes,
    messages::{self, Boxed, Command},
    writer::{Ending, Writer},
};
use crate::{hub::Hub, principal::Principals, sign_in::Identity};

/// How long a client may take to receive its close frame and to answer it.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// A client that talks faster than it is answered has to wait.
const COMMANDS: usize = 4;

/// One connection, from the upgrade to its end. What it rarely does is in boxes, so that thousands of them which
/// only wait are small.
pub async fn serve(socket: WebSocket, hub: Arc<Hub>, principals: Principals, identity: Option<Identity>) {
    let _counted = hub.connection();
    let (sink, mut stream) = socket.split();
    let (sender, commands) = mpsc::channel(COMMANDS);
    let mut writer = Writer::new(hub.clone(), sink, principals, identity);
    let frame = tokio::select! {
        ending = writer.run(commands) => match ending {
            Ending::Close(code) => Some(code.frame()),
            Ending::Gone => None,
        },
        broken = listen(&mut stream, sender) => broken.and_then(codes::of_broken_rule),
    };
    hub.count_disconnect(frame.as_ref().map_or(1000, |frame| frame.code));
    // Whoever does not take it within the time is gone anyway.
    let _ = timeout(CLOSE_WITHIN, Box::pin(say_goodbye(writer.into_sink(), stream, frame))).await;
}

/// Until the client goes, or says what cannot be read.
async fn listen(stream: &mut SplitStream<WebSocket>, commands: mpsc::Sender<Boxed>) -> Option<axum::Error> {
    while let Some(message) = stream.next().await {
        let message = match message {
            Ok(message) => message,
            Err(error) => return Some(error),
        };
        let command = match message {
            Message::Text(text) => match messages::parse(&text) {
                Ok(message) => Command::Message(message),
                Err(reason) => Command::NotUnderstood(reason),
            },
            Message::Binary(_) => Command::NotUnderstood("messages are JSON text".into()),
            Message::Ping(_) | Message::Pong(_) => Command::Alive,
            Message::Close(_) => return None,
        };
        if commands.send(Box::new(command)).await.is_err() {
            return None;
        }
    }
    None
}

/// Sends the close frame and waits for the client's: closing the socket with unread input would make
/// the kernel throw the frame away. Without one, it is the client's that has to be answered.
async fn say_goodbye(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    frame: Option<CloseFrame>,
) {
    let told = match frame {
        Some(frame) => sink.send(Message::Close(Some(frame))).await,
        // The answer is waiting since the client's frame was read.
        None => sink.flush().await,
    };
    if told.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_answer<A, B, C, D, F: Future>(_: fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn what_a_connection_keeps_is_small() {
        let bytes = size_of_answer(serve);
        assert!(bytes < 3 * 1024, "{bytes} bytes");
    }
}
