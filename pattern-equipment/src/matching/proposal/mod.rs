//! What a cluster would be as a pattern: its roles, how sure that is, and why.

mod alike;
mod assignment;
mod cluster;
mod pattern;
mod propose;
mod proposed;
mod reason;
mod role_fit;
mod summary;

pub(super) use alike::merged;
pub use assignment::assign;
pub(super) use cluster::ClusterView;
pub(super) use pattern::CompiledPattern;
pub use proposed::{PartScores, Proposal, ProposedRole};
pub(super) use role_fit::role_fit;
pub(super) use summary::Called;
