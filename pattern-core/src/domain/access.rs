use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Scope;

/// A key with which a program, or a person without a provider, proves who it is. The key itself is shown once, when it is
/// made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    pub id: Uuid,
    /// Who acts with it.
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoked_by: Option<String>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What the audit log knows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuditAction {
    SuggestionApproved,
    SuggestionRejected,
    SuggestionDeferred,
    SuggestionReopened,
    RunStarted,
    RunCancelled,
    RunRedriven,
    KeyCreated,
    KeyRevoked,
    SignedIn,
    SignInRefused,
    SignedOut,
    StreamRenewed,
}

/// One thing that somebody did. The log only grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub action: AuditAction,
    /// What it was done to: the id of a suggestion or a run, the name of a key or of a person.
    pub subject: String,
    pub detail: Value,
    /// Where the request came from; of what concerns signing in.
    pub address: Option<String>,
}
