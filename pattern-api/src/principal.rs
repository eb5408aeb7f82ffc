//! Who acts, and what they may do. A handler says in its signature which scope it needs.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, Method, request::Parts},
};
use pattern_core::domain::{Principal, Scope, Word, text};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use crate::{
    extract::header,
    origin,
    problem::Problem,
    rate::Rates,
    sign_in::{Identity, Proof, SignedIn},
};

/// Who asks where nobody says it.
const NOBODY: &str = "local";
const REVIEWER: &str = "x-naia-reviewer";

/// Finds out who acts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Principals(Arc<Way>);

#[derive(Debug)]
enum Way {
    /// Without authentication: what anybody may do who reaches the API, which then listens to its own machine alone.
    Local(BTreeSet<Scope>),
    SignedIn {
        signed_in: Box<SignedIn>,
        rates: Rates,
    },
}

impl Principals {
    /// Without authentication.
    pub fn local(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(Arc::new(Way::Local(scopes.into_iter().collect())))
    }

    pub fn signed_in(signed_in: SignedIn, rates: Rates) -> Self {
        Self(Arc::new(Way::SignedIn { signed_in: Box::new(signed_in), rates }))
    }

    /// `None` where nobody has to prove who he is.
    pub fn sign_in(&self) -> Option<&SignedIn> {
        match &*self.0 {
            Way::Local(_) => None,
            Way::SignedIn { signed_in, .. } => Some(signed_in),
        }
    }

    /// Counts a sign-in from there that was refused.
    pub fn take_refusal(&self, address: IpAddr) -> Result<(), Problem> {
        match &*self.0 {
            Way::Local(_) => Ok(()),
            Way::SignedIn { rates, .. } => rates.take_refusal(address),
        }
    }

    /// Who asks; `None` where he has to prove it and shows nothing.
    pub async fn identify(&self, method: &Method, headers: &HeaderMap) -> Result<Option<Identity>, Problem> {
        let named = header(headers, REVIEWER, &text::REVIEWER)?;
        let (signed_in, rates) = match &*self.0 {
            Way::Local(scopes) => {
                let name = named.unwrap_or_else(|| NOBODY.to_owned());
                let principal = Principal { name, scopes: scopes.clone() };
                return Ok(Some(Identity { principal, expires_at: None, proof: Proof::Nothing }));
            }
            Way::SignedIn { signed_in, rates } => (signed_in, rates),
        };
        let Some(identity) = signed_in.identify(headers).await? else { return Ok(None) };
        let name = &identity.principal.name;
        if let Some(named) = named.filter(|named| named != name) {
            return Err(Problem::bad_request(format!(
                "{REVIEWER} says {named}, and who asks is {name}; leave it out, since whoever signs in decides"
            )));
        }
        // A browser adds the cookie to whatever a page asks, and says which page that is.
        if matches!(identity.proof, Proof::Session(_)) && !method.is_safe() && !origin::is_told(headers) {
            return Err(Problem::forbidden("a session writes for the page alone; programs take a key"));
        }
        rates.take_of_principal(name)?;
        Ok(Some(identity))
    }
}

/// Who asks, and may read.
pub struct Viewer(pub Identity);

/// Who asks, and may decide on suggestions.
pub struct Reviewer(pub Principal);

/// Who asks, and may send samples, and run, cancel and redrive jobs.
pub struct Operator(pub Principal);

/// Who asks, and may say who may do what.
pub struct Admin(pub Principal);

async fn permitted<S: Sync>(parts: &Parts, state: &S, scope: Scope) -> Result<Identity, Problem>
where
    Principals: FromRef<S>,
{
    let identity = Principals::from_ref(state).identify(&parts.method, &parts.headers).await?;
    let identity = identity.ok_or_else(|| {
        Problem::unauthorized(
            "this needs somebody who is signed in; sign in on the page, or send a key or a token",
        )
    })?;
    permits(&identity, scope)?;
    Ok(identity)
}

pub fn permits(identity: &Identity, scope: Scope) -> Result<(), Problem> {
    let Identity { principal, proof, .. } = identity;
    if principal.may(scope) {
        return Ok(());
    }
    let remedy = match proof {
        Proof::Nothing => "add it to api.local_scopes, or ask whoever may",
        _ => "ask whoever may for it",
    };
    let what = format!("{} lacks the scope {}, which this needs; {remedy}", principal.name, scope.as_str());
    Err(Problem::forbidden(what))
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer
where
    Principals: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        permitted(parts, state, Scope::Viewer).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reviewer
where
    Principals: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        permitted(parts, state, Scope::Reviewer).await.map(|identity| Self(identity.principal))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    Principals: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        permitted(parts, state, Scope::Operator).await.map(|identity| Self(identity.principal))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    Principals: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        permitted(parts, state, Scope::Admin).await.map(|identity| Self(identity.principal))
    }
}
