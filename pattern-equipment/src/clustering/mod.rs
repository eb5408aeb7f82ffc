//! Which points belong together: what speaks for it, weighed, and groups that keep their ids.

mod affinity;
mod graph;
mod grouping;
pub mod leiden;
mod name_groups;
mod told_apart;

pub use graph::{Associations, Edge};
pub use grouping::{ClusterOptions, DetectedCluster, equipment_clusters};
