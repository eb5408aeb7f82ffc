//! The review queue, the same for every kind: reading it, proposing into it, deciding on it. What an approval does, what
//! an undo takes back and which earlier answers settle a question is for each kind to say: [`kinds`] asks it.

mod answered;
mod bulk;
mod decide;
mod kinds;
mod list;
mod propose;
mod read;
mod statistics;
mod turns;
mod undo;
mod write;

pub use answered::Answer;
pub(crate) use answered::{Answered, answered};
pub use bulk::NewDecision;
pub(crate) use decide::Deciding;
pub use decide::{DecideError, DecisionRequest};
pub(crate) use kinds::Outcome;
pub use list::{OpenCount, SortKey, SuggestionFilter, SuggestionPage, SuggestionSort};
pub use propose::{NewSuggestion, ProposeChange};
pub(crate) use read::Asked;
pub use read::{DetailRow, MemberRows, RecentDecision};
pub use statistics::SuggestionStats;
pub(crate) use turns::Turns;
