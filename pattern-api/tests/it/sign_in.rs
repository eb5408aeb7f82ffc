//! Signing in at a real identity provider, with keys, and with tokens of machines.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use pattern_bus::KafkaSettings;
use pattern_core::domain::{AuditAction, Scope};
use pattern_embedded::testing::{self, TestDatabase};
use pattern_store::{NewKey, Store};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::{process::Command, time::timeout};

use crate::{
    live::NO_BROKER,
    process::{Process, free_address},
    provider::{Provider, browser, sign_in},
};

pub struct Site {
    pub address: SocketAddr,
    pub client: Client,
    pub store: Store,
    _api: Process,
    _database: TestDatabase,
}

impl Site {
    pub async fn with(address: SocketAddr, variables: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await;
        let store = Store::connect_lazy(&database.url, 2).expect("store");
        store.migrate().await.expect("migrate");
        let api = Process::start_with(&database.url, &KafkaSettings::new(NO_BROKER), address, variables);
        let site = Self { address, client: Client::new(), store, _api: api, _database: database };
        let ready = || async {
            let answer = site.ask(Method::GET, "/health/ready").send().await.ok()?;
            answer.status().is_success().then_some(())
        };
        testing::eventually("the api is ready", ready).await;
        site
    }

    /// Where keys are taken.
    pub async fn with_keys() -> Self {
        Self::with(free_address(), &[("NAIA_AUTH__API_KEYS", "true")]).await
    }

    /// Where people and machines of the provider come in.
    async fn with_provider() -> (Self, Provider) {
        let address = free_address();
        let provider = Provider::start(address).await;
        let public_url = format!("http://{address}");
        let variables = [
            ("NAIA_AUTH__API_KEYS", "true"),
            ("NAIA_AUTH__ISSUER", provider.issuer.as_str()),
            ("NAIA_AUTH__CLIENT_ID", "page"),
            ("NAIA_AUTH__CLIENT_SECRET", "a-secret"),
            ("NAIA_AUTH__PUBLIC_URL", public_url.as_str()),
            ("NAIA_AUTH__AUDIENCES", "urn:naia"),
        ];
        (Self::with(address, &variables).await, provider)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub async fn key(&self, name: &str, scopes: &[Scope]) -> String {
        let new = NewKey { name: name.into(), scopes: scopes.iter().copied().collect(), expires_at: None };
        self.store.create_api_key(&new, "test").await.expect("a key").1
    }

    async fn me(&self, token: &str) -> (StatusCode, Value) {
        answer(self.ask(Method::GET, "/api/me").bearer_auth(token)).await
    }
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_person_signs_in_at_the_provider_and_acts_under_that_name_until_signing_out() {
    let (site, _provider) = Site::with_provider().await;
    assert_eq!(answer(site.ask(Method::GET, "/api/suggestions")).await.0, StatusCode::UNAUTHORIZED);
    let browser = browser();
    let ended = sign_in(&browser, site.address, "/?kind=episode", "anna").await;
    assert_eq!(ended.as_str(), site.url("/?kind=episode"));
    let (_, me) = answer(browser.get(site.url("/api/me"))).await;
    assert_eq!((&me["name"], &me["scopes"]), (&json!("anna"), &json!(["reviewer", "operator"])));
    assert_eq!(me["signed_in"], json!(true));

    let run = || browser.post(site.url("/api/jobs/sealing/run")).json(&json!({}));
    let own = site.url("");
    assert_eq!(answer(run()).await.0, StatusCode::FORBIDDEN, "a request that tells no page");
    assert_eq!(answer(run().header("origin", "http://evil.example")).await.0, StatusCode::FORBIDDEN);
    let (status, problem) = answer(run().header("origin", &own).header("x-naia-reviewer", "ben")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    let (status, started) = answer(run().header("origin", &own)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{started}");
    let path = format!("/api/jobs/runs/{}", started["run_id"].as_str().expect("id"));
    assert_eq!(answer(browser.get(site.url(&path))).await.1["triggered_by"], "anna");
    let (status, _) = answer(browser.get(site.url("/api/keys"))).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a reviewer gives nobody rights");

    let out = browser.post(site.url("/api/sign-out")).header("origin", &own).send().await.expect("out");
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(answer(browser.get(site.url("/api/me"))).await.0, StatusCode::UNAUTHORIZED);

    let admin = site.key("root", &[Scope::Admin]).await;
    let (_, log) = answer(site.ask(Method::GET, "/api/audit?actor=anna").bearer_auth(&admin)).await;
    let actions: Vec<_> =
        log["items"].as_array().expect("entries").iter().map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, [Some("signed_out"), Some("run_started"), Some("signed_in")]);
    assert_eq!(log["items"][2]["address"], "127.0.0.1");
    let export = site.ask(Method::GET, "/api/audit/export").bearer_auth(&admin).send().await.expect("export");
    let lines = export.text().await.expect("text");
    assert_eq!(lines.lines().count(), 4, "{lines}");
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[tokio::test]
async fn whoever_has_no_role_is_told_so_and_stays_outside() {
    let (site, _provider) = Site::with_provider().await;
    let browser = browser();
    let ended = sign_in(&browser, site.address, "/", "ben").await;
    assert_eq!(ended.as_str(), site.url("/sign-in?problem=no_role"));
    assert_eq!(answer(browser.get(site.url("/api/me"))).await.0, StatusCode::UNAUTHORIZED);
    let log = site.store.audit_log(&Default::default(), None, 9).await.expect("log");
    let refused = log.iter().find(|entry| entry.actor == "ben").expect("it is written down");
    assert!(refused.detail["why"].as_str().is_some_and(|why| why.contains("no role")), "{refused:?}");
}

#[tokio::test]
async fn a_sign_in_that_this_browser_did_not_begin_ends_nowhere() {
    let (site, _provider) = Site::with_provider().await;
    let begun = browser();
    begun.get(site.url("/api/sign-in")).send().await.expect("begun");
    let other = browser();
    for (browser, query) in
        [(&other, "state=a&code=b"), (&begun, "state=a&code=b"), (&begun, "error=access_denied")]
    {
        let answer =
            browser.get(site.url(&format!("/api/sign-in/callback?{query}"))).send().await.expect("answer");
        assert_eq!(answer.url().as_str(), site.url("/sign-in?problem=stale"), "{query}");
    }
    assert_eq!(answer(begun.get(site.url("/api/me"))).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_machine_comes_in_with_a_token_of_the_provider_and_no_other() {
    let (site, provider) = Site::with_provider().await;
    let token = provider.machine_token().await;
    let (status, me) = site.me(&token).await;
    assert_eq!(
        (status, &me["name"], &me["scopes"]),
        (StatusCode::OK, &json!("gateway"), &json!(["operator"]))
    );

    let parts: Vec<&str> = token.split('.').collect();
    let with = |header: Value, claims: &str, signature: &str| {
        format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("base64")).expect("claims");
    claims["roles"] = json!(["admin"]);
    let raised = URL_SAFE_NO_PAD.encode(claims.to_string());
    let forged = [
        with(json!({"alg": "RS256", "kid": "key-1"}), &raised, parts[2]),
        with(json!({"alg": "none"}), &raised, ""),
        with(json!({"alg": "HS256", "kid": "key-1"}), &raised, parts[2]),
        with(json!({"alg": "RS256", "kid": "elsewhere"}), parts[1], parts[2]),
        "naia_made-up".to_owned(),
        "nonsense".to_owned(),
    ];
    for token in forged {
        let (status, problem) = site.me(&token).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{token}: {problem}");
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let address = free_address();
    let provider = Provider::start(address).await;
    let variables =
        [("NAIA_AUTH__ISSUER", provider.issuer.as_str()), ("NAIA_AUTH__AUDIENCES", "urn:another")];
    let site = Site::with(address, &variables).await;
    let (status, problem) = site.me(&provider.machine_token().await).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(problem["detail"].as_str().is_some_and(|why| why.contains("InvalidAudience")), "{problem}");
}

#[tokio::test]
async fn a_provider_that_changes_its_keys_is_followed() {
    let (site, provider) = Site::with_provider().await;
    assert_eq!(site.me(&provider.machine_token().await).await.0, StatusCode::OK);
    provider.rotate().await;
    let token = provider.machine_token().await;
    // New keys are looked for no more often than every ten seconds.
    let known = || async { (site.me(&token).await.0 == StatusCode::OK).then_some(()) };
    testing::eventually("the new key is known", known).await;
}

#[tokio::test]
async fn while_the_provider_is_away_keys_work_and_signing_in_says_what_is_wrong() {
    let address = free_address();
    let nowhere = format!("http://{}", free_address());
    let public_url = format!("http://{address}");
    let variables = [
        ("NAIA_AUTH__API_KEYS", "true"),
        ("NAIA_AUTH__ISSUER", nowhere.as_str()),
        ("NAIA_AUTH__CLIENT_ID", "page"),
        ("NAIA_AUTH__PUBLIC_URL", public_url.as_str()),
    ];
    let site = Site::with(address, &variables).await;
    let key = site.key("anna", &[Scope::Viewer]).await;
    assert_eq!(site.me(&key).await.0, StatusCode::OK);
    let (status, problem) = answer(site.ask(Method::GET, "/api/sign-in")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem["detail"].as_str().is_some_and(|why| why.contains("identity provider")), "{problem}");
}

#[tokio::test]
async fn an_admin_makes_keys_that_do_what_they_may_until_they_are_revoked() {
    let site = Site::with_keys().await;
    let admin = site.key("root", &[Scope::Admin]).await;
    let make = |body: Value| answer(site.ask(Method::POST, "/api/keys").bearer_auth(&admin).json(&body));
    let (status, made) = make(json!({"name": "gateway", "scopes": ["operator"]})).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let secret = made["secret"].as_str().expect("the secret").to_owned();
    for (body, status) in [
        (json!({"name": "gateway", "scopes": ["viewer"]}), StatusCode::CONFLICT),
        (json!({"name": "", "scopes": ["viewer"]}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "x", "scopes": []}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"name": "x", "scopes": ["god"]}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({"name": "x", "scopes": ["viewer"], "expires_at": "2001-01-01T00:00:00Z"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let (answered, problem) = make(body.clone()).await;
        assert_eq!(answered, status, "{body}: {problem}");
    }

    let run = site.ask(Method::POST, "/api/jobs/sealing/run").header("x-api-key", &secret).json(&json!({}));
    assert_eq!(answer(run).await.0, StatusCode::ACCEPTED);
    let decide = "/api/suggestions/00000000-0000-0000-0000-000000000000/reject";
    let reject = site.ask(Method::POST, decide).bearer_auth(&secret).json(&json!({"reason": "no"}));
    assert_eq!(answer(reject).await.0, StatusCode::FORBIDDEN);
    assert_eq!(
        answer(site.ask(Method::GET, "/api/keys").bearer_auth(&secret)).await.0,
        StatusCode::FORBIDDEN
    );

    let (_, list) = answer(site.ask(Method::GET, "/api/keys").bearer_auth(&admin)).await;
    let gateway = list["items"].as_array().expect("keys").iter().find(|key| key["name"] == "gateway");
    assert!(gateway.is_some_and(|key| key["last_used_at"].is_string()), "{list}");
    assert!(!list.to_string().contains(&secret), "no secret is shown again");
    let revoke = format!("/api/keys/{}/revoke", made["id"].as_str().expect("id"));
    assert_eq!(answer(site.ask(Method::POST, &revoke).bearer_auth(&admin)).await.0, StatusCode::OK);
    assert_eq!(site.me(&secret).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_of_a_key_ends_with_the_key() {
    let site = Site::with_keys().await;
    let secret = site.key("anna", &[Scope::Reviewer]).await;
    let browser = browser();
    let enter = |key: &str| browser.post(site.url("/api/sign-in")).json(&json!({ "key": key }));
    assert_eq!(answer(enter("naia_wrong")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(answer(enter(&secret)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(answer(browser.get(site.url("/api/me"))).await.1["name"], "anna");
    let keys = site.store.api_keys().await.expect("keys");
    site.store.revoke_api_key(keys[0].id, "test").await.expect("revoked");
    assert_eq!(answer(browser.get(site.url("/api/me"))).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn keys_are_not_tried_one_after_the_other() {
    let site = Site::with_keys().await;
    let secret = site.key("anna", &[Scope::Viewer]).await;
    let enter = |key: &str| answer(site.ask(Method::POST, "/api/sign-in").json(&json!({ "key": key })));
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(enter("naia_wrong").await.0);
    }
    assert_eq!(statuses[..20], [StatusCode::UNAUTHORIZED; 20]);
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(enter(&secret).await.0, StatusCode::NO_CONTENT, "whoever has one comes in");
    let log = site.store.audit_log(&Default::default(), None, 100).await.expect("log");
    let refused = log.iter().filter(|entry| entry.action == AuditAction::SignInRefused).count();
    assert!((20..25).contains(&refused), "{refused}");
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_back_wherever_a_proxy_says_he_is() {
    let variables = [
        ("NAIA_AUTH__API_KEYS", "true"),
        ("NAIA_API__RATE_LIMIT_PER_ADDRESS_PER_SECOND", "1"),
        ("NAIA_API__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let site = Site::with(free_address(), &variables).await;
    let ask = |client: &str| {
        let request = site.ask(Method::GET, "/health/live").header("x-forwarded-for", client);
        async move { request.send().await.expect("an answer") }
    };
    let mut refused = None;
    for _ in 0..100 {
        let answer = ask("203.0.113.9").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("there is a limit");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(ask("203.0.113.10").await.status(), StatusCode::OK, "another client of the same proxy");
}

#[tokio::test]
async fn people_sign_in_on_the_page_with_a_key_and_at_the_provider() {
    let (site, _provider) = Site::with_provider().await;
    let key = site.key("anna of the key", &[Scope::Admin]).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let script = Command::new("node")
        .arg("sign-in.mjs")
        .current_dir(folder)
        .env("BASE_URL", site.url(""))
        .env("API_KEY", key)
        .kill_on_drop(true)
        .output();
    let output = timeout(Duration::from_secs(120), script).await.expect("it stands still").expect("node");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.ends_with("passed\n"), "{said}");
}
