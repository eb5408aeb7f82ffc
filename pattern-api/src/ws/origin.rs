use axum::http::{HeaderMap, Uri, header};

/// A browser says where its page came from: that must be this server, or a listed origin. Programs
/// that are no browsers send no origin.
pub fn allowed(headers: &HeaderMap, listed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if listed.iter().any(|listed| listed == origin) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(|a| a.to_string()));
    matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(&authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "plant.example:5000".parse().expect("a header value"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header value"));
        }
        headers
    }

    #[test]
    fn only_our_own_pages_and_listed_ones_may_connect() {
        let listed = ["https://dashboard.example".to_owned()];
        for origin in [None, Some("http://plant.example:5000"), Some("https://dashboard.example")] {
            assert!(allowed(&headers(origin), &listed), "{origin:?}");
        }
        for origin in
            ["http://evil.example", "http://plant.example:5001", "null", "https://dashboard.example.evil"]
        {
            assert!(!allowed(&headers(Some(origin)), &listed), "{origin}");
        }
    }
}
