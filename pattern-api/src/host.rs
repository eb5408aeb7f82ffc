//! Under which names this server may be asked. A page of any site can have its own name point to this machine;
//! the browser then takes what it reads here for that site's own, and only the name in the request tells.

use axum::{
    extract::{Request, State},
    http::{StatusCode, Version, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use pattern_config::{Host, HostName};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use crate::problem::Problem;

#[derive(Debug)]
pub struct Hosts {
    listen: SocketAddr,
    /// What a name without a port means.
    usual_port: u16,
    /// From the configuration; without a port: with any.
    listed: Vec<Host>,
}

impl Hosts {
    pub fn new(listen: SocketAddr, is_https: bool, listed: &[String]) -> Self {
        let listed = listed.iter().filter_map(|text| text.parse().ok()).collect();
        Self { listen, usual_port: if is_https { 443 } else { 80 }, listed }
    }

    fn include(&self, host: &Host) -> bool {
        let is_listed =
            |listed: &Host| listed.name == host.name && (listed.port.is_none() || listed.port == host.port);
        let has_our_port = host.port.unwrap_or(self.usual_port) == self.listen.port();
        (has_our_port && self.is_ours(&host.name)) || self.listed.iter().any(is_listed)
    }

    fn is_ours(&self, name: &HostName) -> bool {
        let listen = self.listen.ip();
        let HostName::Address(address) = name else {
            return listen.is_loopback() && *name == HostName::Name("localhost".into());
        };
        let is_loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].contains(address);
        // Names can be made to point here, addresses cannot.
        listen.is_unspecified() || *address == listen || (listen.is_loopback() && is_loopback)
    }

    /// Every name that the request gives must be ours.
    fn check(&self, request: &Request) -> Result<(), Problem> {
        let mut given = Vec::new();
        if let Some(authority) = request.uri().authority() {
            given.push(authority.as_str());
        }
        let mut headers = request.headers().get_all(header::HOST).iter();
        if let Some(host) = headers.next() {
            given.push(host.to_str().unwrap_or_default());
        }
        if headers.next().is_some() {
            return Err(Problem::bad_request("several host headers; send one"));
        }
        if given.is_empty() && request.version() != Version::HTTP_10 {
            return Err(Problem::bad_request("no host header; send one"));
        }
        match given.iter().find(|text| !text.parse().is_ok_and(|host| self.include(&host))) {
            Some(stranger) => Err(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                format!(
                    "this is not the server of host '{stranger}'; if it is, add the name to api.allowed_hosts"
                ),
            )),
            None => Ok(()),
        }
    }
}

pub async fn only_ours(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match hosts.check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn answer(listen: &str, listed: &[&str], version: Version, uri: &str, hosts: &[&str]) -> u16 {
        let listed: Vec<_> = listed.iter().map(|name| (*name).to_owned()).collect();
        let mut request = Request::builder().uri(uri).version(version);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let hosts = Hosts::new(listen.parse().expect("an address"), false, &listed);
        hosts.check(&request.body(Body::empty()).expect("a request")).map_or_else(|p| p.status, |()| 200)
    }

    #[test]
    fn the_own_address_and_listed_names_are_served_and_no_others() {
        for (listen, host, status) in [
            ("127.0.0.1:5000", "127.0.0.1:5000", 200),
            ("127.0.0.1:5000", "[::1]:5000", 200),
            ("127.0.0.1:5000", "LocalHost.:5000", 200),
            ("127.0.0.1:80", "localhost", 200),
            ("127.0.0.2:5000", "127.0.0.2:5000", 200),
            ("[::1]:5000", "localhost:5000", 200),
            ("127.0.0.1:5000", "Naia.Example", 200),
            ("127.0.0.1:5000", "naia.example.:443", 200),
            ("127.0.0.1:5000", "plant.example:8443", 200),
            ("0.0.0.0:5000", "10.1.2.3:5000", 200),
            ("127.0.0.1:5000", "plant.example:8444", 421),
            ("127.0.0.1:5000", "evil.example:5000", 421),
            ("127.0.0.1:5000", "naia.example.evil", 421),
            ("127.0.0.1:5000", "127.0.0.1:5001", 421),
            ("127.0.0.1:5000", "127.0.0.1", 421),
            ("127.0.0.1:5000", "127.0.0.1.evil.example:5000", 421),
            ("127.0.0.1:5000", "evil@127.0.0.1:5000", 421),
            ("127.0.0.1:5000", "", 421),
            ("0.0.0.0:5000", "evil.example:5000", 421),
            ("0.0.0.0:5000", "localhost:5000", 421),
        ] {
            let listed = ["naia.example", "plant.example:8443"];
            let status_now = answer(listen, &listed, Version::HTTP_11, "/", &[host]);
            assert_eq!(status_now, status, "{host} at {listen}");
        }
    }

    #[test]
    fn a_request_names_one_host_wherever_it_does() {
        let ask = |version, uri, hosts: &[&str]| answer("127.0.0.1:5000", &[], version, uri, hosts);
        assert_eq!(ask(Version::HTTP_11, "/", &[]), 400);
        assert_eq!(ask(Version::HTTP_10, "/", &[]), 200, "probes of old give none, browsers always do");
        assert_eq!(ask(Version::HTTP_10, "/", &["evil.example"]), 421);
        assert_eq!(ask(Version::HTTP_11, "/", &["127.0.0.1:5000", "evil.example"]), 400);
        assert_eq!(ask(Version::HTTP_11, "http://evil.example/", &["127.0.0.1:5000"]), 421);
        assert_eq!(ask(Version::HTTP_11, "http://127.0.0.1:5000/", &["evil.example"]), 421);
        assert_eq!(ask(Version::HTTP_11, "http://127.0.0.1:5000/", &["127.0.0.1:5000"]), 200);
        assert_eq!(ask(Version::HTTP_2, "http://127.0.0.1:5000/", &[]), 200, "the authority is enough");
    }
}
