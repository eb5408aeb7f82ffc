//! An OpenID Connect provider: where its doors are, and which keys it signs with.

use anyhow::Context;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use pattern_config::AuthSettings;
use reqwest::{Certificate, Client, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{
    fs,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::Mutex, time::Instant};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Keys and addresses are read again after this time.
const FRESH_FOR: Duration = Duration::from_secs(600);
/// A token that names an unknown key makes us look for new ones, and nobody can make us look more often.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// Signatures that the provider makes with a key that it alone has. With a shared secret anybody who knows the public key
/// could sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The provider does not answer; trying again may help.
    #[error("the identity provider cannot be asked: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Refused(String),
    /// The provider vouches for whom nobody gave a role.
    #[error("{0} has no role here; whoever runs the identity provider can give one")]
    NoRole(String),
}

/// What the provider says of itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Doors {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    pub userinfo_endpoint: Option<String>,
}

#[derive(Debug)]
pub struct Provider {
    issuer: String,
    client: Client,
    leeway: u64,
    known: RwLock<Known>,
    /// Held by the one that asks the provider.
    looking: Mutex<()>,
}

/// What is known of the provider, and how the last try to find out ended where it failed.
#[derive(Debug, Default)]
struct Known {
    seen: Option<Seen>,
    failed: Option<(Instant, Refusal)>,
}

#[derive(Debug, Clone)]
struct Seen {
    doors: Arc<Doors>,
    keys: Arc<JwkSet>,
    at: Instant,
}

impl Provider {
    pub fn new(settings: &AuthSettings) -> anyhow::Result<Option<Self>> {
        let Some(issuer) = settings.issuer.clone() else { return Ok(None) };
        let mut client = Client::builder().timeout(ANSWER_WITHIN).redirect(Policy::none());
        if let Some(path) = &settings.issuer_ca {
            let pem = fs::read(path).with_context(|| format!("auth.issuer_ca: {path} cannot be read"))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .with_context(|| format!("auth.issuer_ca: {path} holds no certificates in PEM"))?;
            client = client.tls_certs_merge(certificates);
        }
        let client = client.build().context("the identity provider cannot be asked")?;
        Ok(Some(Self {
            issuer,
            client,
            leeway: settings.clock_skew_seconds,
            known: RwLock::default(),
            looking: Mutex::default(),
        }))
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub async fn doors(&self) -> Result<Arc<Doors>, Refusal> {
        Ok(self.seen(FRESH_FOR).await?.doors)
    }

    /// The claims of a token that the provider made for one of `audiences`, and that is valid now.
    pub async fn claims(&self, token: &str, audiences: &[String]) -> Result<Map<String, Value>, Refusal> {
        let refused = |why: String| Refusal::Refused(format!("the token is not taken: {why}"));
        let header = decode_header(token).map_err(|error| refused(error.to_string()))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(refused(format!("{:?} is no signature that only the provider can make", header.alg)));
        }
        let key = self.key(header.kid.as_deref()).await?;
        let key = DecodingKey::from_jwk(&key).map_err(|error| refused(error.to_string()))?;
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(audiences);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.leeway = self.leeway;
        rules.validate_nbf = true;
        let token = decode::<Map<String, Value>>(token, &key, &rules);
        token.map(|token| token.claims).map_err(|error| refused(error.to_string()))
    }

    /// The key of this id; of a provider that signs with one alone and names none, that one.
    async fn key(&self, id: Option<&str>) -> Result<Jwk, Refusal> {
        let find = |keys: &JwkSet| {
            let signs = |key: &&Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
            let mut fitting = keys.keys.iter().filter(signs).filter(|key| match id {
                Some(id) => key.common.key_id.as_deref() == Some(id),
                None => true,
            });
            let first = fitting.next();
            if fitting.next().is_some() { None } else { first.cloned() }
        };
        if let Some(key) = find(&self.seen(FRESH_FOR).await?.keys) {
            return Ok(key);
        }
        // The provider may have changed its keys since.
        find(&self.seen(LOOK_AGAIN_AFTER).await?.keys)
            .ok_or_else(|| Refusal::Refused("the token is not taken: the provider has no such key".into()))
    }

    /// What is known of the provider, and no older than `fresh_for`. While it is away, what was known holds, and while it
    /// is asked, nobody who knows something waits for it.
    async fn seen(&self, fresh_for: Duration) -> Result<Seen, Refusal> {
        if let Some(known) = self.known(fresh_for) {
            return known;
        }
        let _turn = match self.known(Duration::MAX) {
            Some(Ok(old)) => match self.looking.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(old),
            },
            _ => self.looking.lock().await,
        };
        // Somebody else may have asked meanwhile.
        if let Some(known) = self.known(fresh_for) {
            return known;
        }
        let looked = self.look().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match looked {
            Ok(seen) => *known = Known { seen: Some(seen.clone()), failed: None },
            Err(refusal) => {
                tracing::warn!(%refusal, "what is known of the identity provider is used on");
                known.failed = Some((Instant::now(), refusal));
            }
        }
        match (&known.seen, &known.failed) {
            (Some(seen), _) => Ok(seen.clone()),
            (None, Some((_, refusal))) => Err(refusal.clone()),
            (None, None) => Err(Refusal::Unavailable("nothing is known of it".into())),
        }
    }

    /// What need not be asked for: it is fresh, or was asked for in vain just now.
    fn known(&self, fresh_for: Duration) -> Option<Result<Seen, Refusal>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let failed = known.failed.as_ref().filter(|(at, _)| at.elapsed() < LOOK_AGAIN_AFTER);
        match (&known.seen, failed) {
            (Some(seen), failed) if failed.is_some() || seen.at.elapsed() < fresh_for => {
                Some(Ok(seen.clone()))
            }
            (None, Some((_, refusal))) => Some(Err(refusal.clone())),
            _ => None,
        }
    }

    async fn look(&self) -> Result<Seen, Refusal> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let doors: Doors = self.get(&address, None).await?;
        if doors.issuer != self.issuer {
            let what = format!("it calls itself '{}'; set auth.issuer to exactly that", doors.issuer);
            return Err(Refusal::Unavailable(what));
        }
        let keys = self.get(&doors.jwks_uri, None).await?;
        Ok(Seen { doors: Arc::new(doors), keys: Arc::new(keys), at: Instant::now() })
    }

    /// What the provider knows of the bearer of an access token.
    pub async fn user_info(&self, access_token: &str) -> Result<Option<Map<String, Value>>, Refusal> {
        match &self.doors().await?.userinfo_endpoint {
            Some(address) => self.get(address, Some(access_token)).await.map(Some),
            None => Ok(None),
        }
    }

    async fn get<T: DeserializeOwned>(&self, address: &str, bearer: Option<&str>) -> Result<T, Refusal> {
        let away = |error: reqwest::Error| Refusal::Unavailable(format!("{address}: {error}"));
        let mut request = self.client.get(address);
        if let Some(token) = bearer {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(away)?;
        answer.json().await.map_err(away)
    }
}
