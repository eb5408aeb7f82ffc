//! The review queue, the same for every kind: reading it, proposing into it, deciding on it. What an approval does, what
//! an undo takes back and which earlier answers settle a question is for each kind to say: [`kinds`] asks it.

mod answered;
mod asked;
mod bulk;
mod decide;
mod deciding;
mod kinds;
mod list;
mod new_suggestion;
mod propose;
mod read;
mod statistics;
mod turns;
mod undo;
mod write;

pub use answered::Answer;
pub(crate) use answered::{Answered, answered};
pub(crate) use asked::Asked;
pub use asked::MemberRows;
pub use bulk::NewDecision;
pub use decide::DecisionRequest;
pub use deciding::DecideError;
pub(crate) use deciding::{Deciding, Outcome};
pub use list::{OpenCount, SortKey, SuggestionFilter, SuggestionPage, SuggestionSort};
pub use new_suggestion::NewSuggestion;
pub use propose::ProposeChange;
pub use read::{DetailRow, RecentDecision};
pub use statistics::SuggestionStats;
pub(crate) use turns::Turns;
