//! The library as it is kept: specifications with versions, confidences and the sites' own roles.

mod announce;
mod insert;
mod library;
mod of_site;

pub(crate) use announce::{Announcement, announce};
pub use library::{LibraryChange, LibraryPattern};
pub(crate) use of_site::{SitePattern, confirm, learn, of_site, retire_unused};
