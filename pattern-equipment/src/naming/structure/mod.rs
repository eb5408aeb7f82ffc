//! How the names of a site are built, and which part of them is the equipment.

mod bare;
mod cuts;
mod key;
mod keys;
mod label;
mod of_place;
mod places;
mod typos;

pub(in crate::naming) use bare::{bare_names, by_place};
pub(in crate::naming) use cuts::blank;
pub use key::{NameKey, Template};
pub use keys::name_keys;
pub use label::{Label, labels};
pub(in crate::naming) use of_place::{PROOF, keys_of_place};
