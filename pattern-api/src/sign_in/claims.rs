//! Whom the claims of a token make of its bearer.

use chrono::{DateTime, Utc};
use pattern_config::AuthSettings;
use pattern_core::domain::{Principal, Scope, text};
use pattern_store::Known;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

use super::Refusal;

/// A role that everybody has.
const EVERYBODY: &str = "*";

pub fn known(claims: &Map<String, Value>, settings: &AuthSettings) -> Result<Known, Refusal> {
    let name = name(claims, settings)?;
    let scopes = scopes(claims, settings);
    if scopes.is_empty() {
        return Err(Refusal::NoRole(name));
    }
    Ok(Known { principal: Principal { name, scopes }, expires_at: expiry(claims) })
}

/// A machine has no name but that of its client, or of its subject.
fn name(claims: &Map<String, Value>, settings: &AuthSettings) -> Result<String, Refusal> {
    let named = [settings.name_claim.as_str(), "client_id", "azp", "sub"];
    let name = named.iter().find_map(|claim| at(claims, claim)?.as_str());
    let name = name.unwrap_or_default();
    text::REVIEWER
        .clean(name)
        .map_err(|problem| Refusal::Refused(format!("the claim {} {problem}", settings.name_claim)))
}

fn scopes(claims: &Map<String, Value>, settings: &AuthSettings) -> BTreeSet<Scope> {
    let held = values(at(claims, &settings.roles_claim));
    let gives =
        |roles: &[String]| roles.iter().any(|role| role == EVERYBODY || held.contains(&role.as_str()));
    settings.roles().into_iter().filter(|(_, roles)| gives(roles)).map(|(scope, _)| scope).collect()
}

/// A list, or one text of several words as in OAuth's `scope`.
fn values(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split_whitespace().chain([text.as_str()]).collect(),
        _ => Vec::new(),
    }
}

/// The claim of this name, or where its dots lead.
pub fn at<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    at(claims.get(first)?.as_object()?, rest)
}

fn expiry(claims: &Map<String, Value>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(claims.get("exp")?.as_f64()? as i64, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(roles_claim: &str) -> AuthSettings {
        AuthSettings {
            roles_claim: roles_claim.into(),
            reviewers: vec!["plant-engineers".into()],
            ..AuthSettings::default()
        }
    }

    fn of(claims: Value, roles_claim: &str) -> Result<Known, Refusal> {
        known(claims.as_object().expect("claims"), &settings(roles_claim))
    }

    #[test]
    fn roles_are_found_as_lists_as_words_and_deep_within() {
        for (claim, claims) in [
            ("roles", json!({"roles": ["plant-engineers", "staff"], "sub": "7"})),
            ("scope", json!({"scope": "openid plant-engineers", "sub": "7"})),
            ("realm_access.roles", json!({"realm_access": {"roles": ["plant-engineers"]}, "sub": "7"})),
            ("https://naia/roles", json!({"https://naia/roles": ["plant-engineers"], "sub": "7"})),
        ] {
            let known = of(claims, claim).expect(claim);
            assert_eq!(known.principal.scopes, BTreeSet::from([Scope::Reviewer]), "{claim}");
        }
    }

    #[test]
    fn whoever_has_no_role_is_named_and_not_let_in() {
        let claims = json!({"preferred_username": "anna", "sub": "7", "roles": ["reviewer"]});
        assert_eq!(of(claims, "roles"), Err(Refusal::NoRole("anna".into())));
        assert!(of(json!({"roles": ["admin"]}), "roles").is_err(), "nobody without a name acts");
        let invisible = json!({"preferred_username": "an\u{200b}na", "roles": ["admin"]});
        assert!(of(invisible, "roles").is_err(), "no name looks like another");
    }

    #[test]
    fn a_star_lets_everybody_in() {
        let mut settings = settings("roles");
        settings.viewers = vec!["*".into()];
        let claims = json!({"sub": "7", "exp": 1_900_000_000});
        let known = known(claims.as_object().expect("claims"), &settings).expect("known");
        assert_eq!(known.principal, Principal { name: "7".into(), scopes: [Scope::Viewer].into() });
        assert_eq!(known.expires_at.map(|at| at.timestamp()), Some(1_900_000_000));
    }
}
