//! Who acts, and what they may do. A handler says in its signature which scope it needs.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use pattern_core::domain::{Principal, Scope, Word, text};
use std::{collections::BTreeSet, sync::Arc};

use crate::{extract::header, problem::Problem};

/// Who asks where nobody says it.
const NOBODY: &str = "local";

/// Finds out who acts: the one place that knows how people and machines prove who they are. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Principals {
    /// What anybody may do who reaches the API, which without authentication listens to its own machine alone.
    local: Arc<BTreeSet<Scope>>,
}

impl Principals {
    /// Without authentication.
    pub fn local(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self { local: Arc::new(scopes.into_iter().collect()) }
    }

    async fn resolve(&self, parts: &Parts) -> Result<Principal, Problem> {
        let name = header(&parts.headers, "x-naia-reviewer", &text::REVIEWER)?;
        let name = name.unwrap_or_else(|| NOBODY.to_owned());
        Ok(Principal { name, scopes: (*self.local).clone() })
    }
}

/// Who asks, and may read.
pub struct Viewer(pub Principal);

/// Who asks, and may decide on suggestions.
pub struct Reviewer(pub Principal);

/// Who asks, and may send samples, and run, cancel and redrive jobs.
pub struct Operator(pub Principal);

async fn permitted<S: Sync>(parts: &Parts, state: &S, scope: Scope) -> Result<Principal, Problem>
where
    Principals: FromRef<S>,
{
    let principal = Principals::from_ref(state).resolve(parts).await?;
    if principal.may(scope) {
        return Ok(principal);
    }
    Err(Problem::forbidden(format!(
        "{} lacks the scope {}, which this needs; add it to api.local_scopes, or ask whoever may",
        principal.name,
        scope.as_str()
    )))
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
        permitted(parts, state, Scope::Reviewer).await.map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    Principals: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        permitted(parts, state, Scope::Operator).await.map(Self)
    }
}
