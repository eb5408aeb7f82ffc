//! `/ws`: the stream of events, and what is current, for browsers.

mod codes;
mod connection;
mod messages;
mod resumes;
mod subscriptions;
mod writer;

pub use codes::CloseCode;
pub use messages::{Channel, ClientMessage, ServerMessage, Subscribe};

use axum::{
    Router,
    extract::{FromRef, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, Method},
    response::Response,
    routing::get,
};
use pattern_core::domain::Scope;
use std::sync::Arc;

use crate::{
    hub::Hub,
    origin,
    principal::{Principals, permits},
    problem::Problem,
};

/// What tungstenite allocates for every connection; its default is 128 KiB.
const READ_BUFFER: usize = 1024;
/// Every message goes out at once.
const WRITE_BUFFER: usize = 0;
/// One message is on its way at a time, so this is the largest event that can be sent.
const MAX_WRITE_BUFFER: usize = 64 << 20;
/// Clients send short commands.
const MAX_CLIENT_MESSAGE: usize = 64 << 10;

pub fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<Hub>: FromRef<S>,
    Principals: FromRef<S>,
{
    Router::new().route("/ws", get(upgrade))
}

async fn upgrade(
    State(hub): State<Arc<Hub>>,
    State(principals): State<Principals>,
    method: Method,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let socket = socket.map_err(|e| Problem::new(e.status(), e.body_text()))?;
    // Whoever shows nothing yet says it in the first message: browsers set no headers on a socket.
    let identity = principals.identify(&method, &headers).await?;
    if let Some(identity) = &identity {
        permits(identity, Scope::Viewer)?;
    }
    if !origin::allowed(&headers, &hub.options().allowed_origins) {
        return Err(origin::refused());
    }
    if !hub.ready() {
        return Err(Problem::unavailable("not caught up with the stream of events yet, try again"));
    }
    Ok(socket
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_CLIENT_MESSAGE)
        .max_frame_size(MAX_CLIENT_MESSAGE)
        .on_upgrade(move |socket| connection::serve(socket, hub, principals, identity)))
}
