//! The pattern library as data: what patterns of each kind look like.

mod episode;
mod equipment;
mod file;
mod lint;
mod spec;

pub use episode::{EpisodeChange, EpisodePattern};
pub use equipment::{EquipmentPattern, RoleSpec};
pub use file::{LibraryError, Written, builtin, builtin_of, parse, shipped, to_toml};
pub use lint::{Problem, lint};
pub use spec::{PatternBody, PatternSpec};
