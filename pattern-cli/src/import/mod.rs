//! `naia import PATH`: what historians, building systems and data people export, into a data source.

mod afterwards;
mod arguments;
mod describe;
mod patience;
mod progress;
mod reading;
mod rejects;
mod run;
mod sorter;
mod store;
mod summary;

pub use arguments::ImportArgs;
pub use progress::grouped;
pub use run::{Import, run};
pub use summary::{Counts, ImportSummary, Qualities};
