//! What names tell: tokens, words, the equipment that a point belongs to, and readable labels.

mod abbreviation;
mod bare;
mod cuts;
mod description;
mod edges;
mod equipment_name;
mod folders;
mod isa;
mod keys;
mod label;
mod lexicon;
mod look_alikes;
mod places;
mod runs;
mod shared_numbers;
mod spelled;
mod token;
mod typos;
mod words;

pub use edges::name_edges;
pub use equipment_name::equipment_names;
pub use isa::is_loop;
pub use keys::{NameKey, Template, name_keys};
pub use label::{Label, labels};
pub use lexicon::{Meaning, Word, WordClass, class_of, is_known};
pub use look_alikes::{look_alikes, templates};
pub(crate) use spelled::capitalised;
pub use spelled::spelled_out;
pub use token::{Token, TokenKind, tokenize};
pub use words::{Phrase, PointWords, Text, TextToken, words};

/// What naming reads of a point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedPoint {
    pub name: String,
    pub description: String,
    /// The controller, meter or machine that it is of, where its export says it.
    pub device: String,
    /// Where it stands in a tree of folders or places, from the root.
    pub path: String,
    /// The plant, building or system that it is of.
    pub group: String,
}
