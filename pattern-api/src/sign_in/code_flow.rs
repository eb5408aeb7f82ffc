//! People sign in at the provider: the authorization code flow with PKCE. What has begun is kept by the browser that began
//! it, so any instance can end it and nobody who is not signed in makes us keep anything.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use pattern_config::AuthSettings;
use pattern_store::Known;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Provider, Refusal, claims};

const CALLBACK: &str = "/api/sign-in/callback";

/// What the provider gives for a code, besides the access token.
#[derive(Debug, Serialize, Deserialize)]
struct IdToken {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdToken {}

type OidcClient = Client<
    BasicErrorResponse,
    StandardTokenResponse<IdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

#[derive(Debug, Clone)]
pub struct CodeFlow {
    client_id: String,
    client_secret: Option<String>,
    redirect: String,
    requested: Vec<String>,
}

/// A sign-in that has begun, as the browser keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    state: String,
    nonce: String,
    verifier: String,
    /// Where on the page it goes on.
    pub return_to: String,
}

impl Started {
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("texts are plain data"))
    }

    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// Whether the provider answers what this browser asked.
    pub fn is_answered_by(&self, state: &str) -> bool {
        self.state == state
    }
}

/// A place on the page, and nowhere else.
fn place(return_to: Option<&str>) -> String {
    let is_here = |path: &&str| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t'])
    };
    return_to.filter(is_here).unwrap_or("/").to_owned()
}

impl CodeFlow {
    /// Where people sign in at the provider.
    pub fn new(settings: &AuthSettings) -> Option<Self> {
        Some(Self {
            client_id: settings.client_id.clone()?,
            client_secret: settings.client_secret.clone(),
            redirect: format!("{}{CALLBACK}", settings.public_url.as_ref()?.trim_end_matches('/')),
            requested: settings.requested_scopes.clone(),
        })
    }

    async fn client(&self, provider: &Provider) -> Result<OidcClient, Refusal> {
        let doors = provider.doors().await?;
        let no_address = |error: oauth2::url::ParseError| Refusal::Unavailable(error.to_string());
        let mut client = Client::new(ClientId::new(self.client_id.clone()));
        if let Some(secret) = &self.client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.clone()));
        }
        Ok(client
            .set_auth_uri(AuthUrl::new(doors.authorization_endpoint.clone()).map_err(no_address)?)
            .set_token_uri(TokenUrl::new(doors.token_endpoint.clone()).map_err(no_address)?)
            .set_redirect_uri(RedirectUrl::new(self.redirect.clone()).map_err(no_address)?))
    }

    /// Where to send the browser, and what it has to keep meanwhile.
    pub async fn begin(
        &self,
        provider: &Provider,
        return_to: Option<&str>,
    ) -> Result<(String, Started), Refusal> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = CsrfToken::new_random();
        let client = self.client(provider).await?;
        let (address, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(self.requested.iter().cloned().map(Scope::new))
            .add_extra_param("nonce", nonce.secret())
            .set_pkce_challenge(challenge)
            .url();
        let started = Started {
            state: state.into_secret(),
            nonce: nonce.into_secret(),
            verifier: verifier.into_secret(),
            return_to: place(return_to),
        };
        Ok((address.into(), started))
    }

    /// Who signed in, and what the provider calls him.
    pub async fn end(
        &self,
        provider: &Provider,
        settings: &AuthSettings,
        started: Started,
        code: String,
    ) -> Result<(Known, String), Refusal> {
        let http = provider.client().clone();
        let asking = |request: HttpRequest| ask(http.clone(), request);
        let answer = self
            .client(provider)
            .await?
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(started.verifier))
            .request_async(&asking)
            .await
            .map_err(|error| {
                Refusal::Refused(format!("the identity provider does not take the code: {error}"))
            })?;
        let id_token = answer.extra_fields().id_token.as_deref().ok_or_else(|| {
            Refusal::Refused(
                "the identity provider gave no ID token; auth.requested_scopes needs openid".into(),
            )
        })?;
        let mut claims = provider.claims(id_token, std::slice::from_ref(&self.client_id)).await?;
        if claims.get("nonce").and_then(Value::as_str) != Some(&started.nonce) {
            return Err(Refusal::Refused("the ID token answers another sign-in; sign in again".into()));
        }
        self.complete(&mut claims, provider, settings, answer.access_token().secret()).await?;
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        // A session is as long as we say, not as a token that is only shown once.
        claims.remove("exp");
        Ok((claims::known(&claims, settings)?, subject))
    }

    /// Some providers keep ID tokens short, and tell the rest when asked.
    async fn complete(
        &self,
        claims: &mut Map<String, Value>,
        provider: &Provider,
        settings: &AuthSettings,
        access_token: &str,
    ) -> Result<(), Refusal> {
        let needed = [settings.name_claim.as_str(), settings.roles_claim.as_str()];
        if needed.iter().all(|claim| claims::at(claims, claim).is_some()) {
            return Ok(());
        }
        let Some(more) = provider.user_info(access_token).await? else { return Ok(()) };
        if more.get("sub") != claims.get("sub") {
            return Err(Refusal::Refused(
                "the identity provider tells of somebody else; sign in again".into(),
            ));
        }
        for (claim, value) in more {
            claims.entry(claim).or_insert(value);
        }
        Ok(())
    }
}

async fn ask(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = client.execute(request.try_into()?).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_ends_on_the_page_and_nowhere_else() {
        assert_eq!(place(Some("/?kind=episode#x")), "/?kind=episode#x");
        for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/\r\nx: y"] {
            assert_eq!(place(Some(elsewhere)), "/", "{elsewhere}");
        }
    }

    #[test]
    fn what_a_browser_keeps_of_a_sign_in_comes_back_whole() {
        let (state, nonce, verifier) = ("s".to_owned(), "n".to_owned(), "v".to_owned());
        let started = Started { state, nonce, verifier, return_to: "/".into() };
        assert_eq!(Started::read(&started.text()), Some(started.clone()));
        assert!(started.is_answered_by("s") && !started.is_answered_by("t"));
        assert_eq!(Started::read("made up"), None);
    }
}
