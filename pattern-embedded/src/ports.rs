use anyhow::{Context, Result};
use std::net::{Ipv4Addr, TcpListener};

/// A loopback port that nobody listens on: the preferred one where it is free, so that addresses
/// stay the same from one start to the next.
///
/// Somebody else may take it before the server does; whoever starts a server tries again then.
pub(crate) fn free_port(preferred: Option<u16>) -> Result<u16> {
    if let Some(port) = preferred
        && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
    {
        return Ok(port);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no loopback port is free")?;
    Ok(listener.local_addr()?.port())
}
