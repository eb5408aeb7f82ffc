//! What names tell, in three steps: what their words mean (`language`), which part of them is the equipment
//! (`structure`), and which points are of one machine (`machines`).

mod language;
mod machines;
mod point;
mod structure;

pub(crate) use language::capitalised;
pub use language::{
    Meaning, Phrase, PointWords, Text, TextToken, Token, TokenKind, Word, WordClass, class_of, is_known,
    is_loop, spelled_out, tokenize, words,
};
pub use machines::{equipment_names, look_alikes, name_edges, templates};
pub use point::NamedPoint;
pub use structure::{Label, NameKey, Template, labels, name_keys};
