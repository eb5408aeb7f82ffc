//! Episodes: what the answer to a question about what happened makes, what an undo takes back, and which earlier answers
//! settle a question.

mod approve;
mod known;
mod read;
mod settled;

pub(crate) use approve::{approve, take_back};
pub use known::KnownEpisode;
pub(crate) use read::{bodies, members};
pub(crate) use settled::SettledEpisodes;
