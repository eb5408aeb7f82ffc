//! A request is answered to its end when the client who sent it goes away: half a decision is none, and a
//! query that is dropped half-way costs its connection.

use axum::{extract::Request, middleware::Next, response::Response};
use std::{future, panic};
use tracing::Instrument;

pub async fn uncut_request(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(cause) => panic::resume_unwind(cause),
            // The process ends.
            Err(_) => future::pending().await,
        },
    }
}
