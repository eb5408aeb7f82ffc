use anyhow::{Context, Result, bail};
use pattern_core::domain::{DecisionAction, JobRun, Pattern, RunStatus, Suggestion, SuggestionDetail, Word};
use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Holds the key with which commands ask an API where people sign in.
const API_KEY: &str = "NAIA_API_KEY";
const RUN_POLL: Duration = Duration::from_millis(50);

/// The REST API, as any other program sees it.
#[derive(Debug, Clone)]
pub struct ApiClient {
    base: String,
    client: reqwest::Client,
}

#[derive(Debug, Deserialize)]
pub struct SuggestionPage {
    pub items: Vec<Suggestion>,
    pub total: i64,
}

impl ApiClient {
    pub fn new(base: &str) -> Result<Self> {
        let mut headers = HeaderMap::new();
        if let Some(key) = std::env::var(API_KEY).ok().filter(|key| !key.is_empty()) {
            let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
                .with_context(|| format!("{API_KEY} is no key; `naia keys create` makes one"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client =
            reqwest::Client::builder().timeout(Duration::from_secs(30)).default_headers(headers).build()?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        self.ask(Method::GET, path, query, None, &[]).await
    }

    /// The parts of the API's health, whether it is ready or not.
    pub async fn health<T: DeserializeOwned>(&self) -> Result<T> {
        let answer = self.client.get(format!("{}/health/ready", self.base)).send().await?;
        Ok(answer.json().await?)
    }

    /// Answers the id of the run.
    pub async fn run_flywheel(&self, data_source: &str) -> Result<Uuid> {
        #[derive(Deserialize)]
        struct Started {
            run_id: Uuid,
        }
        let body = json!({ "data_source": data_source });
        let started: Started =
            self.ask(Method::POST, "/api/jobs/flywheel/run", &[], Some(&body), &[]).await?;
        Ok(started.run_id)
    }

    /// Waits until a run has ended, and shows it to `seen` on the way. Fails unless it succeeded.
    pub async fn wait_for_run(
        &self,
        id: Uuid,
        within: Duration,
        mut seen: impl FnMut(&JobRun),
    ) -> Result<()> {
        let ended = async {
            loop {
                let run: JobRun = self.get(&format!("/api/jobs/runs/{id}"), &[]).await?;
                seen(&run);
                match run.status {
                    RunStatus::Queued | RunStatus::Running => tokio::time::sleep(RUN_POLL).await,
                    RunStatus::Succeeded => return Ok(()),
                    status => bail!("{} ended as {status:?}: {}", run.job, run.error.unwrap_or_default()),
                }
            }
        };
        let limit = tokio::time::timeout(within, ended);
        limit.await.with_context(|| format!("run {id} is not done after {} s", within.as_secs()))?
    }

    /// The open questions about equipment.
    pub async fn pending(&self, data_source: &str) -> Result<SuggestionPage> {
        let query =
            [("kind", "equipment"), ("status", "pending"), ("data_source", data_source), ("limit", "200")];
        self.get("/api/suggestions", &query).await
    }

    pub async fn suggestion(&self, id: Uuid) -> Result<SuggestionDetail> {
        self.get(&format!("/api/suggestions/{id}"), &[]).await
    }

    pub async fn pattern(&self, id: Uuid) -> Result<Pattern> {
        self.get(&format!("/api/patterns/{id}"), &[]).await
    }

    /// Answers a suggestion as `reviewer`.
    pub async fn decide(
        &self,
        id: Uuid,
        action: DecisionAction,
        body: &Value,
        reviewer: &str,
    ) -> Result<Suggestion> {
        let path = format!("/api/suggestions/{id}/{}", action.as_str());
        let key = Uuid::new_v4().to_string();
        let headers = [("x-naia-reviewer", reviewer), ("idempotency-key", key.as_str())];
        self.ask(Method::POST, &path, &[], Some(body), &headers).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<T> {
        let url = Url::parse(&format!("{}{path}", self.base)).context("the api's address is no URL")?;
        let mut request = self.client.request(method.clone(), url).query(query);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("{} does not answer", self.base))?;
        let status = answer.status();
        let text = answer.text().await.with_context(|| format!("{method} {path} broke off"))?;
        if status == StatusCode::UNAUTHORIZED {
            bail!(
                "{} wants to know who asks; set {API_KEY} to a key that `naia keys create` made",
                self.base
            );
        }
        if !status.is_success() {
            bail!("{method} {path} answered {status}: {text}");
        }
        serde_json::from_str(&text)
            .with_context(|| format!("{method} {path} answered something else: {text}"))
    }
}
