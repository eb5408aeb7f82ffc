//! Equipment: what the answer to a question about a group of points makes, what an undo takes back, and which earlier
//! answers settle a question.

mod approve;
mod exclusions;
mod machines;
mod read;
mod settled;
mod take_back;

pub(crate) use approve::approve;
pub use approve::{ActiveBinding, ForeignBinding};
pub use exclusions::Exclusion;
pub use read::{SuggestedRoleRow, placed};
pub(crate) use read::{bodies, members};
pub use settled::SettledQuestions;
pub(crate) use settled::settled_questions;
pub(crate) use take_back::take_back;
