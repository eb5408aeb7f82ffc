use ipnet::IpNet;
use pattern_core::domain::{Scope, Word};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

use crate::{
    host::Host,
    settings::{no_address, out_of_range},
};

/// How `naia-pattern-api` serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiSettings {
    pub listen: SocketAddr,
    /// PEM files of the certificate, with those that vouch for it, and of its key: both, to serve https. They are read
    /// again when they change.
    pub tls_certificate: Option<String>,
    pub tls_key: Option<String>,
    /// Where Prometheus gets its metrics, at `/metrics`, without signing in; nowhere where it is empty.
    pub metrics_listen: String,
    /// Origins that may write and open a WebSocket besides the page's own.
    pub allowed_origins: Vec<String>,
    /// Names under which the API may be asked besides the address it listens on, as `naia.example` (with any port)
    /// or `naia.example:8443`: what a proxy before it sends as `Host`.
    pub allowed_hosts: Vec<String>,
    /// What anybody may do who reaches the API while no authentication is configured: `viewer` reads, `reviewer`
    /// decides, `operator` sends samples and runs jobs, `admin` says who may do what. Empty: nothing.
    pub local_scopes: Vec<Scope>,
    /// Addresses or networks (`10.0.0.0/8`) of proxies before the API, whose word for where a client is counts
    /// (`X-Forwarded-For`).
    pub trusted_proxies: Vec<String>,
    /// Requests a second of one who is signed in, and as many at once as ten seconds give; 0: no limit. Without
    /// authentication there is none.
    pub rate_limit_per_second: u32,
    /// The same of one address, whoever asks.
    pub rate_limit_per_address_per_second: u32,
    /// Connections at once, WebSockets included; who comes on top of them gets 503.
    pub max_connections: usize,
    /// For the first line and the headers of a request.
    pub header_timeout_seconds: u64,
    /// For the body of a request, and for a silence within it; each 16 KiB that have come make the whole a second longer.
    pub body_timeout_seconds: u64,
    /// Between two requests on one connection. Longer than a proxy before it keeps its own, so that none of its
    /// requests meets a connection that just closed.
    pub idle_timeout_seconds: u64,
    /// For a client to take any part of an answer.
    pub write_timeout_seconds: u64,
    /// What the bodies of all requests at work may hold together; who sends more on top of that gets 503.
    pub max_body_memory_mib: usize,
    /// How long requests and WebSockets may go on after the signal to stop.
    pub drain_seconds: u64,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 5000)),
            tls_certificate: None,
            tls_key: None,
            metrics_listen: String::new(),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            local_scopes: Scope::ALL.to_vec(),
            trusted_proxies: Vec::new(),
            rate_limit_per_second: 200,
            rate_limit_per_address_per_second: 400,
            max_connections: 10_000,
            header_timeout_seconds: 10,
            body_timeout_seconds: 30,
            idle_timeout_seconds: 75,
            write_timeout_seconds: 30,
            max_body_memory_mib: 128,
            drain_seconds: 20,
        }
    }
}

impl ApiSettings {
    pub(crate) fn problems(&self, is_signed_in: bool) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.listen.ip().is_loopback() && !is_signed_in {
            problems.push(format!(
                "api.listen: {} is reachable by others, but no authentication is configured; set auth.api_keys or \
                 auth.issuer, or listen on 127.0.0.1",
                self.listen
            ));
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            problems.push("api.tls_certificate: https needs api.tls_key as well; set both, or none".into());
        }
        for proxy in self.trusted_proxies.iter().filter(|proxy| network(proxy).is_none()) {
            problems.push(format!(
                "api.trusted_proxies: '{proxy}' is no address or network; write 10.1.2.3 or 10.0.0.0/8"
            ));
        }
        problems.extend(no_address("api.metrics_listen", &self.metrics_listen));
        for origin in self.allowed_origins.iter().filter(|origin| !is_origin(origin)) {
            problems.push(format!(
                "api.allowed_origins: '{origin}' is no origin; write scheme, host and port alone, for example \
                 https://naia.example"
            ));
        }
        for name in self.allowed_hosts.iter().filter(|name| name.parse::<Host>().is_err()) {
            problems.push(format!(
                "api.allowed_hosts: '{name}' is no name of a host; write for example naia.example or naia.example:8443"
            ));
        }
        let seconds = [
            ("header_timeout_seconds", self.header_timeout_seconds, 1..=3_600),
            ("body_timeout_seconds", self.body_timeout_seconds, 1..=3_600),
            ("idle_timeout_seconds", self.idle_timeout_seconds, 1..=86_400),
            ("write_timeout_seconds", self.write_timeout_seconds, 1..=3_600),
            ("drain_seconds", self.drain_seconds, 0..=3_600),
        ];
        let sizes = [
            ("max_connections", self.max_connections, 1..=1_000_000),
            // The largest body has to fit in.
            ("max_body_memory_mib", self.max_body_memory_mib, 16..=65_536),
        ];
        let key = |name| format!("api.{name}");
        problems
            .extend(seconds.into_iter().filter_map(|(name, n, range)| out_of_range(&key(name), &n, range)));
        problems.extend(sizes.into_iter().filter_map(|(name, n, range)| out_of_range(&key(name), &n, range)));
        problems
    }
}

/// As a browser sends it: nothing behind the host and its port.
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text.to_lowercase()
    })
}

/// One address is a network too.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
