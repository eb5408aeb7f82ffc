//! What the names, descriptions and units of a cluster's points say.

mod cluster;
mod keyword;
mod point;
mod wordings;

pub(super) use cluster::ClusterReading;
pub(super) use keyword::Keyword;
pub(super) use point::PointReading;
pub(super) use wordings::Wordings;
