//! What the words of names and descriptions mean: a lexicon, abbreviations, ISA letters.

mod abbreviation;
mod description;
mod isa;
mod lexicon;
mod spelled;
mod token;
mod words;

pub(in crate::naming) use description::{Mention, mention};
pub use isa::is_loop;
pub(in crate::naming) use isa::{is_attribute, isa_tag};
pub use lexicon::{Meaning, Word, WordClass, class_of, is_known};
pub(crate) use spelled::capitalised;
pub use spelled::spelled_out;
pub use token::{Token, TokenKind, tokenize};
pub use words::{Phrase, PointWords, Text, TextToken, words};
