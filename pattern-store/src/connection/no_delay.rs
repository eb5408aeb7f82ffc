//! Sends what is written at once.
//!
//! A COPY ends in a second small write. Without TCP_NODELAY the kernel holds that back until the server has
//! acknowledged the data before it, and the server waits 40 ms before it does, for an answer that could carry the
//! acknowledgement. sqlx 0.9 neither sets the option nor lets its socket be seen, so it is found among the open
//! files of this process.

use std::{
    fs, io,
    net::TcpStream,
    os::fd::{BorrowedFd, RawFd},
    sync::Once,
};

/// Sets the option on every connection of this process to one of these ports.
pub(super) async fn set(ports: Vec<u16>) {
    static WARNING: Once = Once::new();
    // An API process has a file for each of its clients.
    let outcome = tokio::task::spawn_blocking(move || set_on_all(&ports)).await;
    if let Ok(Err(error)) = outcome {
        WARNING.call_once(
            || tracing::warn!(%error, "storing samples will be slower: TCP_NODELAY cannot be set"),
        );
    }
}

fn set_on_all(ports: &[u16]) -> io::Result<()> {
    for socket in sockets()? {
        // What is no TCP connection has no such peer.
        if socket.peer_addr().is_ok_and(|peer| ports.contains(&peer.port())) {
            socket.set_nodelay(true)?;
        }
    }
    Ok(())
}

/// This process's sockets, each under a second number.
fn sockets() -> io::Result<impl Iterator<Item = TcpStream>> {
    let files = fs::read_dir("/proc/self/fd")?;
    Ok(files.filter_map(|file| {
        let file = file.ok()?;
        let kind = fs::read_link(file.path()).ok()?;
        let number = file.file_name().to_str()?.parse().ok()?;
        kind.to_str()?.starts_with("socket:").then(|| duplicate(number)).flatten()
    }))
}

#[allow(unsafe_code)]
fn duplicate(number: RawFd) -> Option<TcpStream> {
    // SAFETY: the number was that of an open socket a moment ago, and is only used to duplicate it. If it was closed
    // since then the system call fails; if it names another file by now, that one is duplicated, and left alone
    // unless it is a connection to the same port.
    let socket = unsafe { BorrowedFd::borrow_raw(number) };
    socket.try_clone_to_owned().ok().map(TcpStream::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use pattern_embedded::testing::TestDatabase;
    use tokio::net::TcpListener;

    /// Passes one connection on to the test server, so that its port belongs to this test alone.
    async fn road_to(url: &url::Url) -> (u16, url::Url) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = format!("127.0.0.1:{}", url.port().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut far = tokio::net::TcpStream::connect(&server).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
            }
        });
        let mut url = url.clone();
        url.set_port(Some(port)).unwrap();
        (port, url)
    }

    #[tokio::test]
    async fn connections_of_the_pool_send_at_once() {
        let database = TestDatabase::create().await;
        let (port, url) = road_to(&database.url.parse().unwrap()).await;
        let store = Store::connect_lazy(url.as_str(), 2).unwrap();
        let _held = (store.pool().acquire().await.unwrap(), store.pool().acquire().await.unwrap());
        let to_server = sockets().unwrap().filter(|s| s.peer_addr().is_ok_and(|peer| peer.port() == port));
        let set: Vec<bool> = to_server.map(|socket| socket.nodelay().unwrap()).collect();
        assert_eq!(set, [true, true], "of each connection");
    }
}
