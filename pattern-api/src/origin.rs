//! Which pages may use this server. A browser lets any page of any site send requests here, also to a
//! server that only its own machine can reach.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

use crate::{hub::Hub, problem::Problem};

/// Reading is safe: a browser does not show the answer to another site's page.
pub async fn only_own_pages_write(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || allowed(request.headers(), &hub.options().allowed_origins) {
        return next.run(request).await;
    }
    refused().into_response()
}

pub fn refused() -> Problem {
    Problem::forbidden("pages of this origin may not use the api; add it to api.allowed_origins")
}

/// A browser says where its page came from: that must be this server, or a listed origin. Programs
/// that are no browsers send no origin.
pub fn allowed(headers: &HeaderMap, listed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = match (origins.next(), origins.next()) {
        // A browser that sends none says at least whether the page is another's.
        (None, _) => {
            return !headers.get_all("sec-fetch-site").iter().any(|site| is_elsewhere(site.as_bytes()));
        }
        (Some(origin), None) => origin,
        // No browser sends two, and the next server may read the other one.
        (Some(_), Some(_)) => return false,
    };
    let Ok(origin) = origin.to_str() else { return false };
    if listed.iter().any(|listed| listed == origin) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(|a| a.to_string()));
    matches!((host, authority), (Some(host), Some(authority)) if host.eq_ignore_ascii_case(&authority))
}

/// Whether the request says which page it comes from, as those of browsers do.
pub fn is_told(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

fn is_elsewhere(site: &[u8]) -> bool {
    !matches!(site, b"same-origin" | b"none")
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
        for (site, allow) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
        {
            let mut without_origin = headers(None);
            without_origin.insert("sec-fetch-site", site.parse().expect("a header value"));
            assert_eq!(allowed(&without_origin, &listed), allow, "{site}");
        }
        let mut two = headers(Some("http://plant.example:5000"));
        two.append(header::ORIGIN, "http://evil.example".parse().expect("a header value"));
        assert!(!allowed(&two, &listed), "two origins");
    }
}
