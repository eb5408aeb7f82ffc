use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time::Duration};

/// Holds who is signed in.
pub const SESSION: &str = "naia_session";
/// Holds what a sign-in that has begun is to end with.
pub const SIGN_IN: &str = "naia_sign_in";

/// How cookies are made and read. Over https they bear a prefix with which browsers take them from nobody but this very
/// host, and not over http.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    pub is_secure: bool,
}

impl Cookies {
    fn name(self, name: &str) -> String {
        if self.is_secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    pub fn read<'a>(self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        let name = self.name(name);
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        all.flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
            .filter(|value| !value.is_empty())
    }

    /// Scripts cannot read it, and other sites' pages cannot have it sent with what they ask for. A link from a mail can,
    /// which is why it is lax.
    pub fn set(self, name: &str, value: &str, seconds: i64) -> HeaderValue {
        let cookie = Cookie::build((self.name(name), value.to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(seconds));
        HeaderValue::from_str(&cookie.to_string()).expect("our cookies are plain text")
    }

    pub fn remove(self, name: &str) -> HeaderValue {
        self.set(name, "", 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_and_not_for_scripts() {
        let set = Cookies { is_secure: true }.set(SESSION, "x", 60);
        let set = set.to_str().expect("text");
        for part in ["__Host-naia_session=x", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=60"] {
            assert!(set.contains(part), "{part} is missing in {set}");
        }
        assert!(!set.contains("Domain"), "{set}");
    }

    #[test]
    fn over_https_a_cookie_without_the_prefix_counts_for_nothing() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; naia_session=planted"));
        assert_eq!(Cookies { is_secure: true }.read(&headers, SESSION), None);
        assert_eq!(Cookies { is_secure: false }.read(&headers, SESSION), Some("planted"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-naia_session=own"));
        assert_eq!(Cookies { is_secure: true }.read(&headers, SESSION), Some("own"));
    }
}
