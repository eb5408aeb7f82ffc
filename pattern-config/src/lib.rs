//! The configuration of the services: built-in defaults, then a TOML file, then `NAIA_*` variables,
//! validated as a whole.

mod host;
mod load;
mod settings;

pub use host::{Host, HostName, NoHost};
pub use load::{ConfigError, Settings, dump, load};
pub use settings::*;
