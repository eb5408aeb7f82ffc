//! How people and machines prove who they are: with keys of ours, with tokens of an OpenID Connect provider, or by signing
//! in there, which starts a session of ours.

mod claims;
mod code_flow;
mod cookies;
mod identity;
mod provider;

pub use code_flow::{CodeFlow, Started};
pub use cookies::{Cookies, SESSION, SIGN_IN};
pub use identity::{Identity, Proof, SignedIn};
pub use provider::{Provider, Refusal};
