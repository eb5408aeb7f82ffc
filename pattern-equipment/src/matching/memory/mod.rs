//! What one data source taught: how its names are built, what reviewers confirmed there, and its habits.

mod confirmed;
mod confirmed_words;
mod manner;
mod order;
mod resemblance;
mod site;
mod votes;

pub(super) use order::{Given, Order, Place, place};
pub use site::{Family, SiteMemory};
pub(super) use votes::{Call, RoleOf, Votes};
