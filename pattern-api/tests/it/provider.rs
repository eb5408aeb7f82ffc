//! A real OpenID Connect provider (tests/provider), and a browser that signs in there.

use reqwest::{Client, Response, Url, redirect::Policy};
use serde_json::Value;
use std::{net::SocketAddr, path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::process::free_address;

pub struct Provider {
    pub issuer: String,
    client: Client,
    _process: Child,
}

impl Provider {
    /// Which sends people back to the API at `page`.
    pub async fn start(page: SocketAddr) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/provider");
        assert!(folder.join("node_modules").exists(), "the provider is missing: run `make setup-test`");
        let address = free_address();
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .arg(address.port().to_string())
            .arg(format!("http://{page}/api/sign-in/callback"))
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        while lines.next_line().await.expect("output").expect("it says when it is ready") != "ready" {}
        // What it says later has to go somewhere, or it would end.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { issuer: format!("http://{address}"), client: Client::new(), _process: process }
    }

    /// From now on it signs with another key.
    pub async fn rotate(&self) {
        self.client.post(format!("{}/test/rotate", self.issuer)).send().await.expect("it answers");
    }

    /// A token of the machine `gateway`, for the audience `urn:naia`.
    pub async fn machine_token(&self) -> String {
        let request =
            self.client.post(format!("{}/token", self.issuer)).basic_auth("gateway", Some("a-secret"));
        let form = "grant_type=client_credentials";
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer: Value = request.send().await.expect("a token").json().await.expect("json");
        answer["access_token"].as_str().expect("a token").to_owned()
    }
}

/// Keeps cookies and follows redirects, as browsers do.
pub fn browser() -> Client {
    Client::builder().cookie_store(true).redirect(Policy::limited(20)).build().expect("a client")
}

/// Signs in as `login`, wherever the provider asks for it. Answers where that ended.
pub async fn sign_in(browser: &Client, page: SocketAddr, return_to: &str, login: &str) -> Url {
    let begin = Url::parse_with_params(&format!("http://{page}/api/sign-in"), [("return_to", return_to)]);
    let mut answer = browser.get(begin.expect("an address")).send().await.expect("an answer");
    for fields in [format!("prompt=login&login={login}&password=x"), "prompt=consent".to_owned()] {
        answer = submit(browser, answer, fields).await;
    }
    answer.url().clone()
}

/// Sends off the one form of the page that was answered.
async fn submit(browser: &Client, page: Response, fields: String) -> Response {
    let at = page.url().clone();
    let html = page.text().await.expect("a page");
    let (_, form) = html.split_once("action=\"").unwrap_or_else(|| panic!("no form at {at}: {html}"));
    let action = form.split('"').next().expect("an address").replace("&amp;", "&");
    let request = browser.post(at.join(&action).expect("an address"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(fields);
    request.send().await.expect("an answer")
}
