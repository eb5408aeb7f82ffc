use anyhow::{Result, bail};
use rand::Rng;
use std::{
    net::{Ipv4Addr, TcpListener},
    ops::Range,
};

/// Below the ports that the kernel lends to outgoing connections (from 32768 on): while a server is down,
/// a client that tries again and again must not get the server's own port for its side.
const PORTS: Range<u16> = 20_000..32_000;
const TRIES: usize = 200;

/// A loopback port that nobody listens on: the preferred one where it is free, so that addresses
/// stay the same from one start to the next.
///
/// Somebody else may take it before the server does; whoever starts a server tries again then.
pub(crate) fn free_port(preferred: Option<u16>) -> Result<u16> {
    let mut random = rand::rng();
    let candidates = std::iter::repeat_with(|| random.random_range(PORTS)).take(TRIES);
    for port in preferred.into_iter().chain(candidates) {
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no loopback port between {} and {} is free; stop what uses them", PORTS.start, PORTS.end)
}
