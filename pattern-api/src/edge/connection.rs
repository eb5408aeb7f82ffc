use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    http::Request,
};
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::{
    future::poll_fn,
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{Limits, activity::Activity, socket::Socket};
use crate::client_address::Peer;

/// The head of a request fits in, and no more is read of a body at once. hyper's own limit is 400 KiB.
const READ_BUFFER: usize = 64 * 1024;

/// One connection, until it ends, is upgraded, or takes too long.
pub async fn serve(
    (stream, peer): (TcpStream, IpAddr),
    seat: OwnedSemaphorePermit,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let activity = Arc::new(Activity::new());
    let socket = Socket::new(stream, activity.clone(), seat);
    let Some(tls) = tls else {
        return talk(socket, peer, activity, router, limits, shutdown).await;
    };
    let shaken = tokio::select! {
        shaken = timeout(limits.header, tls.accept(socket)) => shaken,
        () = shutdown.cancelled() => return,
    };
    // How a handshake fails is its client's affair.
    if let Ok(Ok(socket)) = shaken {
        activity.begin_anew();
        talk(socket, peer, activity, router, limits, shutdown).await;
    }
}

async fn talk(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: IpAddr,
    activity: Arc<Activity>,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let socket = TokioIo::new(socket);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        activity.asked();
        let (answering, activity) = (router.clone().call(request), activity.clone());
        async move { answering.await.map(|response| response.map(|body| Answer { body, activity })) }
    });
    let mut http = http1::Builder::new();
    http.max_buf_size(READ_BUFFER);
    let mut connection = pin!(http.serve_connection(socket, service).with_upgrades());
    let mut timer = pin!(sleep_until(Instant::now() + limits.header));
    let mut told_to_stop = pin!(shutdown.cancelled());
    let mut is_last = false;
    poll_fn(|cx| {
        if !is_last && told_to_stop.as_mut().poll(cx).is_ready() {
            is_last = true;
            connection.as_mut().graceful_shutdown();
        }
        // How a connection breaks is its client's affair.
        if connection.as_mut().poll(cx).is_ready() || (is_last && activity.is_fresh()) {
            return Poll::Ready(());
        }
        poll_due(timer.as_mut(), activity.due(&limits), cx)
    })
    .await;
}

fn poll_due(mut timer: Pin<&mut Sleep>, due: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(due) = due else { return Poll::Pending };
    if timer.deadline() != due {
        timer.as_mut().reset(due);
    }
    timer.poll(cx)
}

/// The body of an answer, which says when all of it was taken over.
struct Answer {
    body: Body,
    activity: Arc<Activity>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.activity.answered();
    }
}
