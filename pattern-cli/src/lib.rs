//! What stands behind the commands of `naia`.

pub mod sample_plant;
