//! The pattern library as data: what a kind of equipment looks like.

mod spec;

pub use spec::{PatternSpec, RoleSpec};
