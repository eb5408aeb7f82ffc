//! The configuration of the services: built-in defaults, then a TOML file, then `NAIA_*` variables,
//! validated as a whole.

mod api;
mod auth;
mod host;
mod keys;
mod load;
mod logging;
mod secrets;
mod settings;
mod variables;

pub use api::{ApiSettings, network};
pub use auth::AuthSettings;
pub use host::{Host, HostName, NoHost};
pub use load::{ConfigError, dump, load};
pub use logging::{LogConfig, LogFormat};
pub use secrets::{mask_text, mask_url};
pub use settings::*;
