//! The web page, embedded into the program: no build step, nothing to install beside it.
//!
//! In a debug build the files are read from the source folder, so a reload shows an edit.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

use crate::etag;

#[derive(Embed)]
#[folder = "web/"]
struct Files;

const INDEX: &str = "index.html";
const API_DOCS: &str = "docs.html";
const SIGN_IN: &str = "sign-in.html";
const AUDIT: &str = "audit.html";
const NOT_FOUND: &str = "not-found.html";

/// Scripts and styles come from here and nowhere else, so a point's name cannot smuggle one in.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file under its version never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_EVERY_TIME: HeaderValue = HeaderValue::from_static("no-cache");
const DO_NOT_KEEP: HeaderValue = HeaderValue::from_static("no-store");

/// `/`, `/sign-in`, `/audit`, `/api/docs` and the files they use, below `/assets/<version of all files>/`.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { html(INDEX, &headers) }))
        .route("/api/docs", get(|headers: HeaderMap| async move { html(API_DOCS, &headers) }))
        .route("/sign-in", get(|headers: HeaderMap| async move { html(SIGN_IN, &headers) }))
        .route("/audit", get(|headers: HeaderMap| async move { html(AUDIT, &headers) }))
        .route("/assets/{version}/{*path}", get(asset))
}

/// For a browser that asked for what does not exist.
pub fn not_found() -> Response {
    let Some(html) = text_of(NOT_FOUND, &version()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response =
        (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    protect(&mut response, DO_NOT_KEEP);
    response
}

fn text_of(name: &str, version: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&Files::get(name)?.data).replace("{{version}}", version))
}

fn html(name: &str, headers: &HeaderMap) -> Response {
    let version = version();
    let Some(html) = text_of(name, &version) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = etag::of(&version);
    let mut response = if etag::matches(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
    };
    protect(&mut response, ASK_EVERY_TIME);
    if let Ok(value) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

async fn asset(Path((asked, path)): Path<(String, String)>) -> Response {
    let (Some(file), Some(content_type)) = (Files::get(&path), content_type(&path)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // While a new version rolls out, a page from one instance may ask another: it gets what there is,
    // and nobody keeps it under the wrong name.
    let caching = if asked == version() { FOREVER } else { DO_NOT_KEEP };
    let mut response = ([(header::CONTENT_TYPE, content_type)], file.data.into_owned()).into_response();
    protect(&mut response, caching);
    response
}

fn protect(response: &mut Response, caching: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, caching);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

/// A hash over all files: modules import each other by relative address, so they change as one.
fn version() -> String {
    let mut paths: Vec<_> = Files::iter().collect();
    paths.sort();
    let mut hash = Sha256::new();
    for path in paths {
        if let Some(file) = Files::get(&path) {
            hash.update(path.as_bytes());
            hash.update(file.metadata.sha256_hash());
        }
    }
    hex::encode(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    async fn ask(uri: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        routes::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn every_file_that_the_page_names_is_served_and_may_be_kept_forever() {
        for (page, at_least) in [("/", 7), ("/api/docs", 4), ("/sign-in", 4), ("/audit", 4)] {
            let html = text(ask(page, &[]).await).await;
            let files: Vec<_> = html
                .split('"')
                .map(|part| part.trim_start_matches('/'))
                .filter(|p| p.starts_with("assets/"))
                .collect();
            assert!(files.len() >= at_least, "{files:?}");
            for file in files {
                let response = ask(&format!("/{file}"), &[]).await;
                assert_eq!(response.status(), StatusCode::OK, "{file}");
                assert_eq!(response.headers()[header::CACHE_CONTROL], FOREVER, "{file}");
            }
        }
    }

    #[tokio::test]
    async fn every_module_that_a_module_imports_exists() {
        let mut seen = 0;
        for path in Files::iter().filter(|path| path.ends_with(".js")) {
            let source = String::from_utf8(Files::get(&path).unwrap().data.into_owned()).unwrap();
            for line in source.lines().filter(|line| line.contains(" from \"")) {
                let name = line.split('"').nth(1).unwrap();
                let folder = path.rsplit_once('/').unwrap().0;
                let target = match name.strip_prefix("../") {
                    Some(rest) => format!("{}/{rest}", folder.rsplit_once('/').unwrap().0),
                    None => format!("{folder}/{}", name.trim_start_matches("./")),
                };
                assert!(Files::get(&target).is_some(), "{path} imports {target}");
                seen += 1;
            }
        }
        assert!(seen > 20, "only {seen} imports found");
    }

    #[tokio::test]
    async fn an_unchanged_page_is_not_sent_again() {
        let first = ask("/", &[]).await;
        let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(first.headers()[header::CACHE_CONTROL], ASK_EVERY_TIME);
        for tag in [etag.clone(), etag.replace("W/", ""), format!("\"other\", {etag}")] {
            assert_eq!(
                ask("/", &[("if-none-match", &tag)]).await.status(),
                StatusCode::NOT_MODIFIED,
                "{tag}"
            );
        }
        assert_eq!(ask("/", &[("if-none-match", "\"other\"")]).await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_file_of_another_version_is_not_kept() {
        let response = ask("/assets/older/js/main.js", &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CACHE_CONTROL], DO_NOT_KEEP);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    }

    #[tokio::test]
    async fn the_page_allows_no_inline_script_and_has_none() {
        let response = ask("/", &[]).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        let html = text(response).await;
        assert!(!html.contains("<script>") && !html.contains("<style>") && !html.contains("style="));
        assert!(!html.contains("http://") && !html.contains("https://"), "nothing comes from elsewhere");
    }

    #[tokio::test]
    async fn nothing_outside_the_page_is_served() {
        for path in
            ["/assets/v/index.html", "/assets/v/../Cargo.toml", "/assets/v/%2e%2e/Cargo.toml", "/assets/v/js"]
        {
            assert_eq!(ask(path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
