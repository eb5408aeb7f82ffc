//! What stands behind the commands of `naia`.

pub mod import;
pub mod sample_plant;
pub mod stack_file;
