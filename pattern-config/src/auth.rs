//! How people and machines prove who they are.

use pattern_core::domain::Scope;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::settings::out_of_range;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// Whether API keys are taken (`naia keys create`), by programs and on the page.
    pub api_keys: bool,
    /// The OpenID Connect provider, as it calls itself: `https://id.example/realms/plant`.
    pub issuer: Option<String>,
    /// A PEM file of certificates to trust besides the system's when the provider is asked.
    pub issuer_ca: Option<String>,
    /// What the provider knows the page as; people sign in there where this is set.
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    /// Where people reach the page: `https://naia.example`. The provider sends them back to
    /// `/api/sign-in/callback` there.
    pub public_url: Option<String>,
    /// What the provider is asked for when people sign in.
    pub requested_scopes: Vec<String>,
    /// Tokens of the provider that were made for one of these are taken from machines; none where it is empty.
    pub audiences: Vec<String>,
    /// The claim that names who acts. Let it be one that people cannot choose for themselves.
    pub name_claim: String,
    /// The claim that holds the roles, or the groups; dots lead deeper, as in `realm_access.roles`.
    pub roles_claim: String,
    /// Its values that make a viewer, a reviewer, an operator, an admin; `*` is everybody who signs in.
    pub viewers: Vec<String>,
    pub reviewers: Vec<String>,
    pub operators: Vec<String>,
    pub admins: Vec<String>,
    /// How long people stay signed in.
    pub session_hours: u64,
    /// How much the provider's clock may differ from ours.
    pub clock_skew_seconds: u64,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            api_keys: false,
            issuer: None,
            issuer_ca: None,
            client_id: None,
            client_secret: None,
            public_url: None,
            requested_scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            audiences: Vec::new(),
            name_claim: "preferred_username".into(),
            roles_claim: "roles".into(),
            viewers: vec!["viewer".into()],
            reviewers: vec!["reviewer".into()],
            operators: vec!["operator".into()],
            admins: vec!["admin".into()],
            session_hours: 12,
            clock_skew_seconds: 60,
        }
    }
}

impl AuthSettings {
    /// Whether anybody has to prove who he is.
    pub fn is_configured(&self) -> bool {
        self.api_keys || self.issuer.is_some()
    }

    /// Whether people are sent to the provider.
    pub fn signs_people_in(&self) -> bool {
        self.issuer.is_some() && self.client_id.is_some()
    }

    /// The scopes with the values that give them.
    pub fn roles(&self) -> [(Scope, &[String]); 4] {
        [
            (Scope::Viewer, &self.viewers),
            (Scope::Reviewer, &self.reviewers),
            (Scope::Operator, &self.operators),
            (Scope::Admin, &self.admins),
        ]
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let is_private = |url: &Url| match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        for (key, text) in [("issuer", &self.issuer), ("public_url", &self.public_url)] {
            let Some(text) = text else { continue };
            let is_safe = Url::parse(text)
                .is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && is_private(&url)));
            if !is_safe {
                problems.push(format!(
                    "auth.{key}: '{text}' is no https address; sign-in over a network needs one (http only to this machine)"
                ));
            }
        }
        if let Some(url) = &self.public_url
            && Url::parse(url).is_ok_and(|url| url.path() != "/" || url.query().is_some())
        {
            problems.push(format!(
                "auth.public_url: '{url}' has a path; the page is served at the root, give scheme, host and port alone"
            ));
        }
        let needs = [
            ("client_id", self.client_id.is_some(), "issuer", self.issuer.is_some()),
            ("client_secret", self.client_secret.is_some(), "client_id", self.client_id.is_some()),
            ("client_id", self.client_id.is_some(), "public_url", self.public_url.is_some()),
            ("audiences", !self.audiences.is_empty(), "issuer", self.issuer.is_some()),
            ("issuer_ca", self.issuer_ca.is_some(), "issuer", self.issuer.is_some()),
        ];
        for (key, is_set, needed, is_there) in needs {
            if is_set && !is_there {
                problems.push(format!("auth.{key}: means nothing without auth.{needed}; set both"));
            }
        }
        if self.issuer.is_some() && self.client_id.is_none() && self.audiences.is_empty() {
            problems.push(
                "auth.issuer: serves nobody; set auth.client_id for people, auth.audiences for machines, or both"
                    .into(),
            );
        }
        problems.extend(out_of_range("auth.session_hours", &self.session_hours, 1..=8_760));
        problems.extend(out_of_range("auth.clock_skew_seconds", &self.clock_skew_seconds, 0..=600));
        problems
    }
}
