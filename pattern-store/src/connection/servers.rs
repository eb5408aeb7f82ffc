//! What a PostgreSQL URL names.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::{fs::File, str::FromStr};
use url::Url;

use crate::{Result, StoreError};

/// What sqlx understands in a URL's query, and what it would name together with its value in a log line.
const UNDERSTOOD: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
];
/// What libpq's programs understand besides, and may stand in a URL that they share.
const OF_LIBPQ: [&str; 14] = [
    "connect_timeout",
    "client_encoding",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "gssencmode",
    "channel_binding",
    "sslcompression",
    "sslsni",
    "passfile",
    "load_balance_hosts",
];
const ROOT_CERTIFICATES: [&str; 3] = ["sslrootcert", "ssl-root-cert", "ssl-ca"];
const FILES: [&str; 7] =
    ["sslrootcert", "ssl-root-cert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key"];

/// One for each host of the URL, as `postgres://naia@first:5432,second:5433/naia`.
pub(super) fn parse(url: &str) -> Result<Vec<PgConnectOptions>> {
    one_host_each(url).iter().map(|url| parse_one(url)).collect()
}

fn parse_one(text: &str) -> Result<PgConnectOptions> {
    let unusable =
        |e: &dyn std::fmt::Display| StoreError::Invalid(format!("postgres url cannot be used: {e}"));
    let mut url = Url::parse(text).map_err(|e| unusable(&e))?;
    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (name, value) in &parameters {
        if FILES.contains(&name.as_str()) && !value.trim_start().starts_with("-----BEGIN") {
            File::open(value).map_err(|e| unusable(&format!("{name} {value} cannot be read: {e}")))?;
        }
    }
    let (known, unknown): (Vec<_>, Vec<_>) = parameters
        .into_iter()
        .partition(|(name, _)| UNDERSTOOD.contains(&name.as_str()) || name.starts_with("options["));
    for (name, value) in &unknown {
        match (name.as_str(), value.as_str()) {
            // It always is so, and the name is ours to give.
            ("target_session_attrs", "any" | "read-write" | "primary") | ("application_name", _) => {}
            ("target_session_attrs", _) => {
                return Err(unusable(&"target_session_attrs: the database must take writes, use read-write"));
            }
            (name, _) if OF_LIBPQ.contains(&name) => {
                tracing::warn!(name, "a parameter of the postgres url does nothing here");
            }
            _ => {
                return Err(unusable(&format!(
                    "it has no parameter '{name}'; there are {}",
                    UNDERSTOOD.join(", ")
                )));
            }
        }
    }
    let verified = known.iter().any(|(name, _)| ROOT_CERTIFICATES.contains(&name.as_str()));
    url.set_query(None);
    if !known.is_empty() {
        url.query_pairs_mut().extend_pairs(known);
    }
    let mut options = PgConnectOptions::from_str(url.as_str()).map_err(|e| unusable(&e))?;
    // As libpq does: whoever names certificates to trust wants them to count.
    if verified && matches!(options.get_ssl_mode(), PgSslMode::Require) {
        options = options.ssl_mode(PgSslMode::VerifyCa);
    }
    // PgBouncer refuses clients that set it, and PostgreSQL's own value since 12 is as exact.
    Ok(options.extra_float_digits(None).application_name("naia"))
}

fn one_host_each(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(url: &str) -> String {
        parse(url).unwrap_err().to_string()
    }

    #[test]
    fn a_url_may_name_several_hosts() {
        let servers = parse("postgres://naia:p%2Cw@one:5433,two/plant?sslmode=disable").unwrap();
        let named: Vec<_> = servers.iter().map(|s| (s.get_host(), s.get_port(), s.get_database())).collect();
        assert_eq!(named, [("one", 5433, Some("plant")), ("two", 5432, Some("plant"))]);
    }

    #[test]
    fn certificates_that_are_named_are_there_and_count() {
        let missing = problem("postgres://db/naia?sslmode=verify-full&sslrootcert=/nowhere/ca.crt");
        assert!(missing.contains("/nowhere/ca.crt"), "{missing}");
        let any_file = file!().rsplit_once('/').unwrap().1;
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/connection/", "servers.rs");
        assert!(here.ends_with(any_file));
        let servers = parse(&format!("postgres://db/naia?sslmode=require&sslrootcert={here}")).unwrap();
        assert!(matches!(servers[0].get_ssl_mode(), PgSslMode::VerifyCa));
    }

    #[test]
    fn a_server_that_takes_no_writes_is_not_to_be_asked_for() {
        assert!(problem("postgres://db/naia?target_session_attrs=standby").contains("read-write"));
        parse("postgres://db/naia?target_session_attrs=read-write&connect_timeout=3").unwrap();
    }

    #[test]
    fn a_misspelt_parameter_is_refused_without_its_value() {
        let refused = problem("postgres://db/naia?slmode=hidden");
        assert!(
            refused.contains("'slmode'") && refused.contains("sslmode") && !refused.contains("hidden"),
            "{refused}"
        );
    }
}
