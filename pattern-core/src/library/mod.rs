//! The pattern library as data: what a kind of equipment looks like.

mod file;
mod lint;
mod spec;

pub use file::{LibraryError, builtin, parse, to_toml};
pub use lint::{Problem, lint};
pub use spec::{PatternSpec, RoleSpec};
