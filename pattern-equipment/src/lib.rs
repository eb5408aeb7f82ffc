//! The equipment engine: which points belong together, what equipment they are, and which role each one plays.
//!
//! Architecture invariant: as `pattern-core`, this crate does no I/O, and its functions are deterministic; time and
//! randomness come in as arguments.

pub mod clustering;
pub mod correlation;
pub mod evaluation;
pub mod fingerprint;
pub mod matching;
pub mod naming;
