//! The episode engine: when many points changed their behaviour at once, which episodes resemble each other, and whether
//! one is a known kind of event.
//!
//! Data flows one way: rows of the grid become changes, changes become episodes ([`detection`]), episodes are compared
//! with what usually changes in a kind of event ([`profile`], [`likeness`]), and that recognises one or groups several
//! ([`matching`]).
//!
//! Architecture invariant: as `pattern-core`, this crate does no I/O, and its functions are deterministic; time comes in as
//! an argument.

pub mod detection;
pub mod likeness;
pub mod matching;
pub mod profile;
