use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;

/// What a principal may do. Each of them may also read.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    ToSchema,
    Deserialize,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// Read, and follow events.
    Viewer,
    /// Decide on suggestions.
    Reviewer,
    /// Send samples; run, cancel and redrive jobs.
    Operator,
    /// Say who may do what, and so do everything.
    Admin,
}

/// Who acts: a person or a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub name: String,
    pub scopes: BTreeSet<Scope>,
}

impl Principal {
    pub fn may(&self, scope: Scope) -> bool {
        match scope {
            Scope::Viewer => !self.scopes.is_empty(),
            _ => self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin),
        }
    }
}
