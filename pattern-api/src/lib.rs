//! REST, the WebSocket hub and the web page.
//!
//! Architecture invariants: only this crate knows the WebSocket wire format; it keeps nothing that can
//! not be rebuilt from PostgreSQL.

mod arguments;
mod body;
mod client_address;
mod contact;
mod cursor;
mod edge;
mod etag;
mod extract;
pub mod health;
mod host;
pub mod hub;
pub mod metrics;
mod not_found;
mod origin;
mod page;
mod posted_samples;
pub mod principal;
mod problem;
pub mod rate;
pub mod routes;
mod server;
pub mod sign_in;
pub mod state;
mod suggestion_detail;
mod traced;
mod uncut;
pub mod ws;

pub use arguments::{OwnArguments, SERVICE, command};
pub use server::{run, run_with};
pub use state::AppState;
