//! Whether this process, and what it depends on, is well.
//!
//! It is looked at in the background, so that a probe costs nothing and the page is told of changes.

mod judge;
mod tell;
mod watch;

pub use judge::{Figures, Health, HealthStatus};
pub use tell::tell;
pub use watch::HealthWatch;
