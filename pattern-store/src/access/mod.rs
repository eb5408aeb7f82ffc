//! Who may do what, who is signed in, and what was done by whom.

pub(crate) mod audit;
mod keys;
mod secret;
mod sessions;

pub use audit::{AuditFilter, AuditRecord};
pub use keys::NewKey;
pub use secret::KEY_PREFIX;
pub use sessions::NewSession;

use chrono::{DateTime, Utc};
use pattern_core::domain::{Principal, Scope};
use std::collections::BTreeSet;

use crate::{Result, error::stored};

/// Somebody who proved who he is, and until when that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub principal: Principal,
    pub expires_at: Option<DateTime<Utc>>,
}

fn scopes_of(what: &str, id: &str, words: &[String]) -> Result<BTreeSet<Scope>> {
    words.iter().map(|word| stored(what, id, word)).collect()
}

fn words_of(scopes: &BTreeSet<Scope>) -> Vec<String> {
    use pattern_core::domain::Word;
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}
