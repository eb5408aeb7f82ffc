//! The review queue: reading it, proposing into it, deciding on it.

mod bindings;
mod bulk;
mod decide;
mod equipment;
mod exclusions;
mod list;
mod propose;
mod read;
mod settled;
mod turns;
mod undo;
mod write;

pub use bindings::{ActiveBinding, ForeignBinding};
pub use bulk::NewDecision;
pub use decide::{DecideError, DecisionRequest};
pub use exclusions::Exclusion;
pub use list::{OpenCount, SortKey, SuggestionFilter, SuggestionPage, SuggestionSort};
pub use propose::{NewSuggestion, ProposeChange, SuggestedRoleRow};
pub use read::{DetailRow, RecentDecision, SuggestionStats};
pub use settled::{Answer, SettledQuestions};
pub(crate) use turns::Turns;
