//! Secrets are shown nowhere: not in a dump, not in a ready line, not in an error.

use serde_json::Value;
use url::Url;

pub(crate) const MASK: &str = "***";

/// Parts of the names of what is secret, in our keys, librdkafka's properties and the parameters of URLs.
const SECRETS: [&str; 7] =
    // As in `sasl.passwort`, which is refused, and shown before.
    ["passw", "passphrase", "secret", "private.key", "key.pem", "jaas", "oauthbearer.config"];

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRETS.iter().any(|part| key.contains(part))
}

/// Masks what is secret in a tree of settings; `key` is the tree's own.
pub(crate) fn mask(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, v| !v.is_null());
            fields.iter_mut().for_each(|(key, v)| mask(v, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| mask(v, key)),
        Value::String(text) if is_secret(key) => *text = MASK.into(),
        Value::String(text) if key.ends_with("url") || text.contains('@') => *text = mask_url(text),
        _ => {}
    }
}

/// `postgres://naia:secret@host/db` becomes `postgres://naia:***@host/db`, whatever the password is made of.
pub fn mask_url(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if is_whole_url(text) => mask_parsed(url),
        _ => mask_by_hand(text),
    }
}

/// A URL for each of the hosts that it names, as in `postgres://one:5432,two:5432/naia`.
fn one_host_each(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let hosts_at = authority.rfind('@').map_or(0, |at| at + 1);
    let (user, hosts) = authority.split_at(hosts_at);
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect()
}

/// A password with `/`, `?` or `#` that nobody encoded ends the host's part too early: its rest, and the `@`
/// behind it, are then taken for a path.
pub(crate) fn is_whole_url(text: &str) -> bool {
    let is_whole = |url: &String| {
        Url::parse(url).is_ok_and(|url| {
            let behind_host = [Some(url.path()), url.query(), url.fragment()];
            behind_host.into_iter().flatten().all(|part| !part.contains('@'))
        })
    };
    one_host_each(text).iter().all(is_whole)
}

fn mask_parsed(mut url: Url) -> String {
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.into();
    }
    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if parameters.iter().any(|(name, _)| is_secret(name)) {
        let masked = parameters.iter().map(|(name, v)| (name, if is_secret(name) { MASK } else { v }));
        url.query_pairs_mut().clear().extend_pairs(masked);
    }
    url.into()
}

/// Everything between the user's name and the last `@` may be the password.
fn mask_by_hand(text: &str) -> String {
    let (Some((scheme, rest)), Some((_, host))) = (text.split_once("://"), text.rsplit_once('@')) else {
        return MASK.into();
    };
    let user = rest.split([':', '/', '?', '#', '@']).next().unwrap_or_default();
    let masked = format!("{scheme}://{user}:{MASK}@{host}");
    // Parameters behind the host may be secrets as well.
    match Url::parse(&masked) {
        Ok(url) => mask_parsed(url),
        Err(_) => format!("{scheme}://{user}:{MASK}@{MASK}"),
    }
}

/// Masks the URLs in a text, say in an error of somebody else's making. A URL ends at a blank or a quote.
pub fn mask_text(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || "\"'`".contains(c)) {
        match word.contains("://") && word.contains('@') {
            true => {
                let end = word.trim_end_matches(|c: char| c.is_whitespace() || "\"'`,;:)".contains(c)).len();
                let start = word[..end].find("://").map_or(0, |at| {
                    word[..at]
                        .rfind(|c: char| !c.is_ascii_alphanumeric() && !"+.-".contains(c))
                        .map_or(0, |i| i + 1)
                });
                masked.push_str(&word[..start]);
                masked.push_str(&mask_url(&word[start..end]));
                masked.push_str(&word[end..]);
            }
            false => masked.push_str(word),
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// None of the password may be seen, in any piece of four characters.
    fn shows_nothing_of(password: &str, masked: &str) {
        let characters: Vec<char> = password.chars().collect();
        for piece in characters.windows(4) {
            let piece: String = piece.iter().collect();
            assert!(!masked.contains(&piece), "'{piece}' of '{password}' is in '{masked}'");
        }
    }

    #[test]
    fn a_password_is_masked_whatever_it_is_made_of() {
        let passwords = [
            "s3cretPW",
            "p@ssw@rd",
            "pa/ssw/rd",
            "pa:ssw:rd",
            "pa%ssw%rd",
            "pa?ssw?rd",
            "pa#ssw#rd",
            "pa ssw rd",
            "p%40ss%2Fw%3Ard%25",
            "@/:%?#[]x",
            "pa://ssw://rd",
            "pä\u{df}wört",
            "pa\\ssw\"rd",
            "//pass//",
            "@@@@@",
        ];
        for password in passwords {
            for url in [
                format!("postgres://naia:{password}@db.example:5432/naia"),
                format!("postgresql://naia:{password}@db.example/db?sslmode=require"),
                format!("postgres://naia:{password}@[::1]:5432/naia"),
            ] {
                let masked = mask_url(&url);
                shows_nothing_of(password, &masked);
                assert!(masked.contains("://naia:***@"), "{url} became {masked}");
            }
        }
        assert_eq!(mask_url("postgres://naia:s3cret@db:5432/naia"), "postgres://naia:***@db:5432/naia");
        assert_eq!(mask_url("postgres://naia@db/naia"), "postgres://naia@db/naia");
    }

    #[test]
    fn a_url_that_names_several_hosts_is_whole_where_each_of_them_is() {
        for whole in
            ["postgres://naia:p%2Cw@db1:5432,db2/naia", "postgres://[::1]:5433,db2:5432/naia?sslmode=require"]
        {
            assert!(is_whole_url(whole), "{whole}");
        }
        for cut in ["postgres://naia:pa/ss@db1,db2/naia", "postgres://naia@db1:5432,db2:port/naia"] {
            assert!(!is_whole_url(cut), "{cut}");
        }
        let masked = mask_url("postgres://naia:hidden@db1:5432,db2:5432/naia");
        assert!(masked.starts_with("postgres://naia:***@") && !masked.contains("hidden"), "{masked}");
    }

    #[test]
    fn parameters_of_a_url_are_masked_too() {
        let masked = mask_url("postgres://db/naia?user=naia&password=hidden&sslpassword=hid&sslmode=require");
        assert_eq!(masked, "postgres://db/naia?user=naia&password=***&sslpassword=***&sslmode=require");
        let masked = mask_url("postgres://naia:pa/ss@db/naia?sslpassword=hidden");
        assert!(!masked.contains("hidden") && !masked.contains("pa/ss"), "{masked}");
    }

    #[test]
    fn secrets_of_kafka_are_masked_and_the_rest_is_shown() {
        let mut tree = json!({ "kafka": { "options": {
            "sasl.password": "hidden", "ssl.key.password": "hidden", "ssl.key.pem": "hidden",
            "sasl.oauthbearer.client.secret": "hidden", "sasl.oauthbearer.config": "secret=hidden",
            "sasl.jaas.config": "hidden", "ssl.keystore.password": "hidden", "SASL.PASSWORD": "hidden",
            "sasl.oauthbearer.assertion.private.key.passphrase": "hidden",
            "sasl.oauthbearer.token.endpoint.url": "https://naia:hidden@tokens/",
            "sasl.username": "shown", "ssl.ca.location": "/shown/ca.pem",
        }}});
        mask(&mut tree, "");
        let text = tree.to_string();
        assert!(!text.contains("hidden"), "{text}");
        assert_eq!(text.matches("shown").count(), 2, "{text}");
    }

    #[test]
    fn urls_within_a_text_are_masked() {
        let masked =
            mask_text("found string \"postgres://naia:p@ss/w@db/naia\", url=amqp://u:p@h: expected u32");
        assert!(!masked.contains("p@ss") && !masked.contains("u:p@"), "{masked}");
        assert!(
            masked.starts_with("found string \"postgres://naia:***@db/naia\", url=amqp://u:***@h"),
            "{masked}"
        );
        assert!(masked.ends_with(": expected u32"), "{masked}");
        assert_eq!(mask_text("see http://127.0.0.1:5000/api/docs"), "see http://127.0.0.1:5000/api/docs");
    }
}
