use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// A host by name or address, as a `Host` header and `api.allowed_hosts` write it, in one spelling: small letters,
/// no dot at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: HostName,
    pub port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostName {
    Name(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHost;

impl fmt::Display for NoHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a host with or without a port")
    }
}

impl std::error::Error for NoHost {}

impl FromStr for Host {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']').ok_or(NoHost)?;
            let address: Ipv6Addr = address.parse().map_err(|_| NoHost)?;
            let port = match rest {
                "" => None,
                _ => Some(port(rest.strip_prefix(':').ok_or(NoHost)?)?),
            };
            return Ok(Self { name: HostName::Address(address.into()), port });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, digits)) => (name, Some(port(digits)?)),
            None => (text, None),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if !name.split('.').all(is_part) {
            return Err(NoHost);
        }
        let name = match name.parse() {
            Ok(address) => HostName::Address(address),
            Err(_) => HostName::Name(name.to_ascii_lowercase()),
        };
        Ok(Self { name, port })
    }
}

fn port(digits: &str) -> Result<u16, NoHost> {
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().map_err(|_| NoHost) } else { Err(NoHost) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn one_host_is_one_however_it_is_spelled() {
        assert_eq!(host("Naia.Example.:8443"), host("naia.example:8443"));
        assert_eq!(host("[0:0:0:0:0:0:0:1]:5000"), host("[::1]:5000"));
        assert_ne!(host("naia.example"), host("naia.example:80"));
        assert_eq!(host("127.0.0.1").name, HostName::Address(IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "", ".", "a..b", "a b", "http://a", "a/b", "a@b", "a:b", "a:", "a:+80", "a:99999", "[::1",
            "[::1]5", "::1", "*.a",
        ] {
            assert_eq!(text.parse::<Host>(), Err(NoHost), "{text}");
        }
    }
}
