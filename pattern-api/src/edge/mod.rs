//! How connections come in, what they may cost, and how they end.

mod activity;
mod body_memory;
mod connection;
mod full;
mod limits;
mod open_files;
mod socket;
mod tls;

pub use body_memory::{BodyMemory, BodyShare};
pub use limits::Limits;
pub use tls::acceptor;

use axum::Router;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use full::TurnedAway;

/// After the machine could not give us another connection.
const BREATH: Duration = Duration::from_secs(1);

/// Serves until `shutdown`, then lets requests end for as long as they may, and cuts what is left.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let limits = Limits { connections: open_files::room_for(limits.connections), ..limits };
    // Done once: an unfinished router is finished anew, and kept, for every connection.
    let router = router.with_state(());
    let seats = Arc::new(Semaphore::new(limits.connections));
    let mut turned_away = TurnedAway::new(limits.connections);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match seats.clone().try_acquire_owned() {
                    Ok(seat) => {
                        let (tls, router, shutdown) = (tls.clone(), router.clone(), shutdown.clone());
                        let client = (stream, peer.ip());
                        connections.spawn(connection::serve(client, seat, tls, router, limits, shutdown));
                    }
                    Err(_) => turned_away.answer(stream),
                },
                Err(error) => not_accepted(error).await,
            },
            Some(_) = connections.join_next() => {}
            () = shutdown.cancelled() => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.drain, all).await.is_err() {
        let left = connections.len();
        tracing::warn!(connections = left, "requests did not end within api.drain_seconds and are cut");
        connections.shutdown().await;
    }
}

async fn not_accepted(error: io::Error) {
    let is_the_clients = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    );
    if !is_the_clients {
        tracing::warn!(%error, "a connection cannot be taken");
        sleep(BREATH).await;
    }
}
