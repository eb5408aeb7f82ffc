//! The words of the product as types. REST, events and job payloads are built from these.

mod access;
mod behavior;
mod cluster;
mod episode;
mod equipment;
mod event;
mod job;
mod job_type;
mod opinion;
mod pattern;
mod point;
mod position;
mod principal;
pub mod quality;
mod review;
pub mod text;
mod word;

pub use access::*;
pub use behavior::*;
pub use cluster::*;
pub use episode::*;
pub use equipment::*;
pub use event::*;
pub use job::*;
pub use job_type::*;
pub use opinion::*;
pub use pattern::*;
pub use point::*;
pub use position::*;
pub use principal::*;
pub use review::*;
pub use word::Word;

use uuid::Uuid;

/// Namespace of every uuid v5 of the product: the same thing gets the same id in every process.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x8f6e_2b1a_4c3d_5e7f_9a0b_1c2d_3e4f_5061);

/// A name-based id: equal parts give an equal id, anywhere and any time.
pub fn stable_id(parts: &[&str]) -> Uuid {
    // The unit separator cannot occur in a name that people type, so ("a", "bc") differs from ("ab", "c").
    Uuid::new_v5(&NAMESPACE, parts.join("\u{1f}").as_bytes())
}
