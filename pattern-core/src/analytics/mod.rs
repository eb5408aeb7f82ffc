//! The mathematics: pure functions over slices.

pub mod blocks;
pub mod clustering;
pub mod correlation;
pub mod episodes;
pub mod evidence;
pub mod fingerprint;
pub mod frame;
pub mod grid;
pub mod identity;
pub mod leiden;
mod name_groups;
mod told_apart;
