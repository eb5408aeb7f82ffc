//! Who asks, from what a request shows.

use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use pattern_config::AuthSettings;
use pattern_core::domain::Principal;
use pattern_store::{KEY_PREFIX, Known, Store};
use uuid::Uuid;

use super::{CodeFlow, Cookies, Provider, Refusal, SESSION, claims};
use crate::problem::Problem;

/// Somebody, with what he proved it by.
#[derive(Debug, Clone)]
pub struct Identity {
    pub principal: Principal,
    pub expires_at: Option<DateTime<Utc>>,
    pub proof: Proof,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// None: nobody has to.
    Nothing,
    Key {
        id: Uuid,
        secret: String,
    },
    /// What the browser's cookie holds.
    Session(String),
    /// A token of the provider, which nobody can take back.
    Token,
}

impl Identity {
    fn new(known: Known, proof: Proof) -> Self {
        Self { principal: known.principal, expires_at: known.expires_at, proof }
    }
}

/// What it takes to find out who asks where somebody has to prove it.
#[derive(Debug)]
pub struct SignedIn {
    pub store: Store,
    pub settings: AuthSettings,
    pub provider: Option<Provider>,
    pub code_flow: Option<CodeFlow>,
    pub cookies: Cookies,
}

impl SignedIn {
    /// `serves_https`: whether the API itself does; what people reach it by says so otherwise.
    pub fn new(store: Store, settings: AuthSettings, serves_https: bool) -> anyhow::Result<Self> {
        let is_secure = match &settings.public_url {
            Some(url) => url.starts_with("https://"),
            None => serves_https,
        };
        Ok(Self {
            store,
            provider: Provider::new(&settings)?,
            code_flow: CodeFlow::new(&settings),
            cookies: Cookies { is_secure },
            settings,
        })
    }

    /// `None` where the request shows nothing. What it shows and is not taken is refused, whatever else it shows.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Option<Identity>, Problem> {
        if let Some(token) = shown(headers)? {
            return self.of_token(token).await.map(Some);
        }
        match self.cookies.read(headers, SESSION) {
            Some(session) => {
                let known = self.store.holder_of_session(session).await?;
                Ok(known.map(|known| Identity::new(known, Proof::Session(session.to_owned()))))
            }
            None => Ok(None),
        }
    }

    /// Whose key, or whose token of the provider, this is.
    pub async fn of_token(&self, token: &str) -> Result<Identity, Problem> {
        if token.starts_with(KEY_PREFIX) {
            return match self.settings.api_keys {
                true => self.of_key(token).await,
                false => Err(Problem::unauthorized("api keys are not taken here; set auth.api_keys")),
            };
        }
        let audiences = &self.settings.audiences;
        let Some(provider) = self.provider.as_ref().filter(|_| !audiences.is_empty()) else {
            return Err(Problem::unauthorized(
                "this is no key of ours, and tokens of others are not taken here",
            ));
        };
        let claims = provider.claims(token, audiences).await?;
        Ok(Identity::new(claims::known(&claims, &self.settings)?, Proof::Token))
    }

    async fn of_key(&self, secret: &str) -> Result<Identity, Problem> {
        let holder = self.store.holder_of_key(secret).await?;
        let (id, known) = holder.ok_or_else(|| {
            Problem::unauthorized("the api key is unknown, expired or revoked; ask for another")
        })?;
        Ok(Identity::new(known, Proof::Key { id, secret: secret.to_owned() }))
    }

    /// Whether what somebody proved once still holds. While the database is away it does, until it expires by itself.
    pub async fn still_holds(&self, identity: &Identity) -> bool {
        let known = match &identity.proof {
            Proof::Nothing | Proof::Token => return true,
            Proof::Key { secret, .. } => self.store.holder_of_key(secret).await.map(|found| found.is_some()),
            Proof::Session(token) => self.store.holder_of_session(token).await.map(|found| found.is_some()),
        };
        known.unwrap_or(true)
    }
}

/// The key or the token that a request shows in a header.
fn shown(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let text =
        |name| headers.get(name).map(|value: &axum::http::HeaderValue| value.to_str().unwrap_or_default());
    if let Some(key) = text(header::HeaderName::from_static("x-api-key")) {
        return Ok(Some(key));
    }
    let Some(authorization) = text(header::AUTHORIZATION) else { return Ok(None) };
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Problem::unauthorized("authorization is not understood; send Bearer and a key or a token")),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(_) => Self::unavailable(refusal.to_string()),
            Refusal::Refused(_) => Self::unauthorized(refusal.to_string()),
            Refusal::NoRole(_) => Self::forbidden(refusal.to_string()),
        }
    }
}
