//! The JSON body of a request.

use axum::{
    body::{Body as RawBody, BodyDataStream},
    extract::{FromRef, FromRequest, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_LENGTH},
};
use futures_util::StreamExt;
use pattern_core::domain::text;
use pattern_store::Idempotency;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use crate::{
    edge::{BodyMemory, BodyShare},
    extract::header,
    problem::Problem,
};

/// A hundred decisions fit in.
const MOST: usize = 2 * 1024 * 1024;
/// What takes longer to understand than it may take on a thread that serves others.
const LARGE: usize = 256 * 1024;

/// Between two pieces of a body that is not wanted.
const LINGER: Duration = Duration::from_secs(1);

/// A JSON object of at most `LIMIT` bytes; an empty body counts as `{}`.
pub struct Body<T, const LIMIT: usize = MOST> {
    pub value: T,
    /// Set where the client sent an `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
    /// Held while the request is handled.
    _share: BodyShare,
}

impl<S, T, const LIMIT: usize> FromRequest<S> for Body<T, LIMIT>
where
    S: Send + Sync,
    T: DeserializeOwned + Send + 'static,
    BodyMemory: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let route = request.uri().path().to_owned();
        let key = header(request.headers(), "idempotency-key", &text::IDEMPOTENCY_KEY)?;
        let memory = BodyMemory::from_ref(state);
        let (text, share) = read(request, &memory, LIMIT).await?;
        let idempotency =
            key.map(|key| Idempotency { key, route, body_hash: hex::encode(Sha256::digest(&text)) });
        let value = if text.len() < LARGE {
            serde_json::from_slice(&text)
        } else {
            let parsed = spawn_blocking(move || serde_json::from_slice(&text)).await;
            parsed.unwrap_or_else(|failure| std::panic::resume_unwind(failure.into_panic()))
        };
        let value =
            value.map_err(|e| Problem::unprocessable(format!("body is not what this route takes: {e}")))?;
        Ok(Self { value, idempotency, _share: share })
    }
}

async fn read(request: Request, memory: &BodyMemory, limit: usize) -> Result<(Vec<u8>, BodyShare), Problem> {
    let began = Instant::now();
    let announced = content_length(request.headers());
    let mut arriving = RawBody::into_data_stream(request.into_body());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(refused(too_large(limit), arriving, memory, began).await);
    }
    let mut text = Vec::new();
    let mut share = BodyShare::default();
    let (mut has_begun, mut newest) = (false, began);
    loop {
        let chunk = match timeout_at(memory.due(began, newest, text.len()), arriving.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(error))) => {
                return Err(Problem::bad_request(format!("body cannot be read: {error}")));
            }
            Ok(None) => break,
            Err(_) => return Err(too_slow()),
        };
        newest = Instant::now();
        let size = text.len() + chunk.len();
        let begins_with = chunk.trim_ascii_start().first().filter(|_| !has_begun);
        has_begun |= begins_with.is_some();
        let problem = if size > limit {
            too_large(limit)
        } else if begins_with.is_some_and(|byte| *byte != b'{') {
            Problem::unprocessable("body is not a JSON object")
        } else if !memory.hold(&mut share, size, chunk.len()) {
            Problem::unavailable("too much is being sent at once; send it again shortly")
        } else {
            text.extend_from_slice(&chunk);
            continue;
        };
        drop((text, share));
        return Err(refused(problem, arriving, memory, began).await);
    }
    if text.is_empty() {
        text.extend_from_slice(b"{}");
    }
    Ok((text, share))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("body is larger than {limit} bytes; send it in parts");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

fn too_slow() -> Problem {
    let detail = "body did not come in time; send it faster, or raise api.body_timeout_seconds";
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

/// Takes the rest of the body without keeping it: a client that is still sending does not read, and closing
/// with unread input would make the kernel throw the answer away. One that sends nothing more is answered at once.
async fn refused(problem: Problem, mut rest: BodyDataStream, memory: &BodyMemory, began: Instant) -> Problem {
    let due = || memory.due(began, began, 0).min(Instant::now() + LINGER);
    while let Ok(Some(Ok(_))) = timeout_at(due(), rest.next()).await {}
    problem
}
