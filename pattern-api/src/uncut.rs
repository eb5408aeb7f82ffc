//! Work that goes on to its end when the client who asked for it goes away.
//!
//! A query that is dropped half-way spoils its connection: sqlx 0.9 gives it back to the pool in the
//! transaction it had begun, or with an answer still to come (transact-rs/sqlx#4393). The next request
//! then fails, or reads what was meant for another one.

use axum::{extract::Request, middleware::Next, response::Response};
use std::{future, panic};
use tracing::Instrument;

pub async fn uncut<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(cause) => panic::resume_unwind(cause),
            // The process ends.
            Err(_) => future::pending().await,
        },
    }
}

pub async fn uncut_request(request: Request, next: Next) -> Response {
    uncut(next.run(request)).await
}
