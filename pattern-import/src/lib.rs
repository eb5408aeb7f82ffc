//! Reads what historians, building systems and data people export: no database, no network, nothing asynchronous.
//!
//! First a [`survey()`]: the beginning of each file tells its packing, encoding, separator and format, and everything
//! that is wrong is named at once. Then a read: the format hands texts to a [`Sink`], row by row, and what times,
//! values and qualities mean is understood behind it, once for all formats.
//!
//! # To add a format
//! 1. A file `formats/NAME.rs` with a type that implements [`Format`] and `pub fn recognise(head: &Head) -> Recognised`.
//!    It answers `None` unless the beginning of the file is surely of its kind (never by the file's name alone), and
//!    `Some(Err(what is wrong and what to do))` where it is, but cannot be read.
//! 2. `mod NAME;` and a line in `formats::KNOWN`, before `table::recognise`, which takes whatever looks like a table.
//! 3. `read` hands on texts as they stand in the file, as [`RawPoint`] and [`RawSample`]: times, decimal signs, states,
//!    bad values and qualities are not its business. Times without offset get the person's zone. It hands errors of the
//!    sink on with `?`. For a table use [`Input::rows`]; else [`Input::lines`] or [`Input::text`].
//!    It is called with the beginning alone as well ([`Input::head`]), where all of them end early.
//!
//! A point that is described (`Sink::point`) and one that only samples name (`Sink::sample`) are the same by name, or by
//! an id that both say (`RawPoint::id`).

mod archive;
pub mod columns;
mod content;
mod date_order;
mod decimals;
pub mod dialect;
pub mod encoding;
mod find;
mod folders;
mod formats;
mod limits;
mod links;
pub mod mapping;
mod meaning;
pub mod number;
mod options;
mod preview;
mod quality;
mod read;
mod record;
mod sample;
mod shown;
mod source;
mod states;
mod stop;
mod survey;
mod taste;
pub mod time;
mod value;
mod zone;

pub use columns::Meaning;
pub use content::{Content, ReadPoint, Resolved, Unmeant};
pub use formats::{Format, Head, Input, Recognised, Writing};
pub use options::Options;
pub use preview::PreviewRow;
pub use quality::{Class, Kept, Scale};
pub use read::{Output, read};
pub use record::{Enough, RawLabels, RawPoint, RawSample, Sink, unless_enough};
pub use sample::{ReadSample, Reading, Symbol};
pub use shown::{shown, shown_lines, shown_up_to};
pub use source::Source;
pub use states::Meanings;
pub use stop::Stop;
pub use survey::{Survey, SurveyedFile, survey};
pub use taste::{Example, Taste};
pub use zone::Zone;
