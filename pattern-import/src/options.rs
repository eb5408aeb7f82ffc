//! What a person says of the files, before anything is guessed: by options of the command or in `import.toml`.

use encoding_rs::Encoding;

use crate::{
    columns::Meaning,
    number::Decimal,
    stop::Stop,
    time::{DateOrder, Zone},
};

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which header holds what. A meaning may have several, for several files.
    pub columns: Vec<(Meaning, String)>,
    /// The zone of times that say none.
    pub zone: Option<Zone>,
    pub date_order: Option<DateOrder>,
    pub encoding: Option<&'static Encoding>,
    pub separator: Option<u8>,
    pub decimal: Option<Decimal>,
    /// Ends the reading.
    pub stop: Stop,
}
