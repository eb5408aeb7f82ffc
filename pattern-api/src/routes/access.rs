//! Signing in and out, and who may do what.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use pattern_core::domain::{ApiKey, AuditAction, Scope};
use pattern_store::{AuditRecord, NewKey, NewSession};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeSet, net::IpAddr};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    AppState,
    client_address::ClientAddress,
    extract::{Body, InPath, Params},
    principal::{Admin, Viewer},
    problem::Problem,
    sign_in::{CodeFlow, Identity, Proof, Provider, Refusal, SESSION, SIGN_IN, SignedIn, Started},
};

/// A sign-in at the provider takes no longer.
const SIGN_IN_SECONDS: i64 = 600;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(ways))
        .routes(routes!(begin, with_key))
        .routes(routes!(callback))
        .routes(routes!(sign_out))
        .routes(routes!(keys, create_key))
        .routes(routes!(revoke_key))
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    name: String,
    scopes: BTreeSet<Scope>,
    /// Whether that was proved; without authentication anybody may call himself as he likes.
    signed_in: bool,
    expires_at: Option<DateTime<Utc>>,
}

/// Who asks, and what he may do.
#[utoipa::path(get, path = "/api/me", tag = "access", responses((status = 200, body = Me)))]
async fn me(Viewer(identity): Viewer) -> Json<Me> {
    let Identity { principal, expires_at, proof } = identity;
    let signed_in = proof != Proof::Nothing;
    Json(Me { name: principal.name, scopes: principal.scopes, signed_in, expires_at })
}

/// How people can sign in here.
#[derive(Debug, Serialize, ToSchema)]
struct Ways {
    /// With an API key, posted to `/api/sign-in`.
    api_keys: bool,
    /// At an identity provider, to which `GET /api/sign-in` leads.
    provider: bool,
}

/// How people can sign in; asked by the page before anybody has.
#[utoipa::path(get, path = "/api/sign-in/ways", tag = "access", responses((status = 200, body = Ways)))]
async fn ways(State(state): State<AppState>) -> Json<Ways> {
    let sign_in = state.principals.sign_in();
    Json(Ways {
        api_keys: sign_in.is_some_and(|sign_in| sign_in.settings.api_keys),
        provider: sign_in.is_some_and(|sign_in| sign_in.code_flow.is_some()),
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct BeginQuery {
    /// Where on the page to go on, as `/?kind=episode`.
    return_to: Option<String>,
}

/// Sends a browser to the identity provider.
#[utoipa::path(get, path = "/api/sign-in", tag = "access", params(BeginQuery),
    responses((status = 303, description = "To the provider"), (status = 404, body = Problem)))]
async fn begin(
    State(state): State<AppState>,
    Params(query): Params<BeginQuery>,
) -> Result<Response, Problem> {
    let (sign_in, flow, provider) = people(&state)?;
    let (address, started) = flow.begin(provider, query.return_to.as_deref()).await?;
    let cookie = sign_in.cookies.set(SIGN_IN, &started.text(), SIGN_IN_SECONDS);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&address)).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallbackQuery {
    /// What the browser was sent off with.
    state: Option<String>,
    /// What the provider gives an ID token for.
    code: Option<String>,
    /// Why the provider gives none.
    error: Option<String>,
}

/// Where the identity provider sends a browser back to: starts the session, or says on the page why not.
#[utoipa::path(get, path = "/api/sign-in/callback", tag = "access", params(CallbackQuery),
    responses((status = 303, description = "To the page"), (status = 404, body = Problem)))]
async fn callback(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Params(query): Params<CallbackQuery>,
) -> Result<Response, Problem> {
    let (sign_in, flow, provider) = people(&state)?;
    let forget = (header::SET_COOKIE, sign_in.cookies.remove(SIGN_IN));
    let started = sign_in.cookies.read(&headers, SIGN_IN).and_then(Started::read);
    let asked = started.filter(|started| query.state.as_deref().is_some_and(|s| started.is_answered_by(s)));
    let Some(started) = asked else {
        // Begun in another browser, too long ago, or by somebody else's page.
        return Ok(([forget], Redirect::to("/sign-in?problem=stale")).into_response());
    };
    let return_to = started.return_to.clone();
    let outcome = match (query.code, query.error) {
        (Some(code), None) => flow.end(provider, &sign_in.settings, started, code).await,
        (_, error) => Err(Refusal::Refused(error.unwrap_or_else(|| "the provider gave no code".into()))),
    };
    let (known, subject) = match outcome {
        Ok(known) => known,
        Err(refusal) => {
            let problem = refused(&state, &refusal, address).await?;
            return Ok(([forget], Redirect::to(&format!("/sign-in?problem={problem}"))).into_response());
        }
    };
    let session = NewSession {
        principal: known.principal,
        api_key_id: None,
        subject: Some(subject),
        expires_at: known.expires_at,
        hours: hours(sign_in),
        address: address.map(|address| address.to_string()),
    };
    let cookie = start(&state, sign_in, &session).await?;
    let mut response = ([forget], Redirect::to(&return_to)).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Writes down who was not let in, and answers what the page says of it.
async fn refused(
    state: &AppState,
    refusal: &Refusal,
    address: Option<IpAddr>,
) -> Result<&'static str, Problem> {
    tracing::warn!(%refusal, "a sign-in was refused");
    let (who, problem) = match refusal {
        Refusal::Unavailable(_) => return Ok("unavailable"),
        Refusal::NoRole(name) => (name.as_str(), "no_role"),
        Refusal::Refused(_) => ("unknown", "refused"),
    };
    refused_to(state, who, &refusal.to_string(), address).await?;
    Ok(problem)
}

/// Fails where that happened too often.
async fn refused_to(state: &AppState, who: &str, why: &str, address: Option<IpAddr>) -> Result<(), Problem> {
    if let Some(address) = address {
        state.principals.take_refusal(address)?;
    }
    let record = AuditRecord {
        detail: json!({ "why": why }),
        address: address.map(|address| address.to_string()),
        ..AuditRecord::new(who, AuditAction::SignInRefused, who)
    };
    if let Err(error) = state.store.record_audit(&record).await {
        tracing::warn!(%error, "a refused sign-in is missing in the audit log");
    }
    Ok(())
}

/// An API key, to start a session with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithKey {
    key: String,
}

/// Starts a session of whoever has this API key, for the page.
#[utoipa::path(post, path = "/api/sign-in", tag = "access", request_body = WithKey,
    responses((status = 204, description = "Signed in; the cookie is the session"), (status = 401, body = Problem),
              (status = 404, body = Problem)))]
async fn with_key(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Body { value: body, .. }: Body<WithKey>,
) -> Result<Response, Problem> {
    let sign_in = configured(&state)?;
    let identity = match sign_in.of_token(body.key.trim()).await {
        Ok(identity) => identity,
        Err(problem) => {
            if problem.status == StatusCode::UNAUTHORIZED {
                refused_to(&state, "unknown", &problem.detail, address).await?;
            }
            return Err(problem);
        }
    };
    let Proof::Key { id, .. } = identity.proof else {
        return Err(Problem::unauthorized(
            "only a key starts a session here; tokens are sent with each request",
        ));
    };
    let session = NewSession {
        principal: identity.principal,
        api_key_id: Some(id),
        subject: None,
        expires_at: identity.expires_at,
        hours: hours(sign_in),
        address: address.map(|address| address.to_string()),
    };
    let cookie = start(&state, sign_in, &session).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Ends the session of the browser that asks, if it has one.
#[utoipa::path(post, path = "/api/sign-out", tag = "access",
    responses((status = 204, description = "Nobody is signed in any more"), (status = 404, body = Problem)))]
async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let sign_in = configured(&state)?;
    if let Some(session) = sign_in.cookies.read(&headers, SESSION) {
        state.store.end_session(session).await?;
    }
    let forget = sign_in.cookies.remove(SESSION);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, forget)]).into_response())
}

fn configured(state: &AppState) -> Result<&SignedIn, Problem> {
    state
        .principals
        .sign_in()
        .ok_or_else(|| Problem::not_found("nobody signs in here: no authentication is configured"))
}

fn people(state: &AppState) -> Result<(&SignedIn, &CodeFlow, &Provider), Problem> {
    let sign_in = configured(state)?;
    match (&sign_in.code_flow, &sign_in.provider) {
        (Some(flow), Some(provider)) => Ok((sign_in, flow, provider)),
        _ => Err(Problem::not_found("no identity provider is configured; sign in with a key")),
    }
}

fn hours(sign_in: &SignedIn) -> i32 {
    i32::try_from(sign_in.settings.session_hours).unwrap_or(i32::MAX)
}

async fn start(
    state: &AppState,
    sign_in: &SignedIn,
    session: &NewSession,
) -> Result<axum::http::HeaderValue, Problem> {
    let (token, expires_at) = state.store.start_session(session).await?;
    let seconds = (expires_at - Utc::now()).num_seconds().max(1);
    Ok(sign_in.cookies.set(SESSION, &token, seconds))
}

/// All API keys.
#[derive(Debug, Serialize, ToSchema)]
struct Keys {
    items: Vec<ApiKey>,
}

/// All API keys, the newest first; those that were revoked as well. None shows its secret.
#[utoipa::path(get, path = "/api/keys", tag = "access", responses((status = 200, body = Keys)))]
async fn keys(State(state): State<AppState>, _: Admin) -> Result<Json<Keys>, Problem> {
    Ok(Json(Keys { items: state.store.api_keys().await? }))
}

/// An API key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateKey {
    /// Who acts with it.
    #[schema(example = "line-3-gateway")]
    name: String,
    scopes: BTreeSet<Scope>,
    /// For ever, if not given.
    expires_at: Option<DateTime<Utc>>,
}

/// A new key, and its secret: shown here, and never again.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedKey {
    #[serde(flatten)]
    api_key: ApiKey,
    secret: String,
}

/// Makes an API key.
#[utoipa::path(post, path = "/api/keys", tag = "access", request_body = CreateKey,
    responses((status = 201, body = CreatedKey), (status = 409, body = Problem)))]
async fn create_key(
    State(state): State<AppState>,
    Admin(by): Admin,
    Body { value: body, .. }: Body<CreateKey>,
) -> Result<(StatusCode, Json<CreatedKey>), Problem> {
    let CreateKey { name, scopes, expires_at } = body;
    let new = NewKey { name, scopes, expires_at };
    let (api_key, secret) = state.store.create_api_key(&new, &by.name).await?;
    Ok((StatusCode::CREATED, Json(CreatedKey { api_key, secret })))
}

/// Revokes an API key: from now on it, and whoever signed in with it, is refused.
#[utoipa::path(post, path = "/api/keys/{id}/revoke", tag = "access", params(("id" = Uuid, Path)),
    responses((status = 200, body = ApiKey), (status = 404, body = Problem)))]
async fn revoke_key(
    State(state): State<AppState>,
    Admin(by): Admin,
    InPath(id): InPath<Uuid>,
) -> Result<Json<ApiKey>, Problem> {
    Ok(Json(state.store.revoke_api_key(id, &by.name).await?))
}
