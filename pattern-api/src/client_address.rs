//! Where a request comes from.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};
use ipnet::IpNet;
use std::{convert::Infallible, net::IpAddr, sync::Arc};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of the connection that a request came over.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ClientAddresses {
    /// Whose word for where a client is counts.
    trusted: Arc<[IpNet]>,
}

impl ClientAddresses {
    pub fn new(trusted: &[String]) -> Self {
        Self { trusted: trusted.iter().filter_map(|text| pattern_config::network(text)).collect() }
    }

    pub fn of(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        Some(self.behind(extensions.get::<Peer>()?.0, headers))
    }

    /// Each proxy adds, at the end, whom it was asked by. So the last one that no proxy of ours is the client; what stands
    /// before it anybody may have written.
    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut address = plain(peer);
        for text in named.into_iter().rev() {
            if !self.trusted.iter().any(|network| network.contains(&address)) {
                break;
            }
            match text.parse() {
                Ok(next) => address = plain(next),
                Err(_) => break,
            }
        }
        address
    }
}

/// Where the client is, where that is known.
pub struct ClientAddress(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress
where
    ClientAddresses: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(ClientAddresses::from_ref(state).of(&parts.extensions, &parts.headers)))
    }
}

/// A socket for both families shows IPv4 addresses as IPv6.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_trusted_proxy_says_counts() {
        let of = |trusted: &[&str], peer: &str, forwarded: &[&str]| {
            let trusted: Vec<String> = trusted.iter().map(|text| (*text).to_owned()).collect();
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(FORWARDED_FOR, value.parse().expect("a header value"));
            }
            let peer = peer.parse().expect("an address");
            ClientAddresses::new(&trusted).behind(peer, &headers).to_string()
        };
        let proxies = ["10.0.0.0/8", "::1"];
        for (peer, forwarded, client) in [
            ("192.0.2.7", &["203.0.113.9"][..], "192.0.2.7"),
            ("10.0.0.5", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.5", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.5", &["1.2.3.4, 203.0.113.9, 10.0.0.6"], "203.0.113.9"),
            ("10.0.0.5", &["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.5", &["203.0.113.9, nonsense"], "10.0.0.5"),
            ("10.0.0.5", &[], "10.0.0.5"),
            ("::1", &["2001:db8::9"], "2001:db8::9"),
        ] {
            assert_eq!(of(&proxies, peer, forwarded), client, "{peer} {forwarded:?}");
        }
        assert_eq!(of(&[], "127.0.0.1", &["203.0.113.9"]), "127.0.0.1");
    }
}
