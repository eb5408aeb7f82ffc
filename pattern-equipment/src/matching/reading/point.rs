use super::wordings::Said;
use crate::matching::memory::{Call, Place};
use crate::naming::{PointWords, Text};
use pattern_core::units::Unit;

/// What one point says.
pub(in crate::matching) struct PointReading {
    pub place: Place,
    pub words: PointWords,
    /// What the descriptions of similar points say.
    pub borrowed: Option<Text>,
    /// How well all of these say each role.
    pub said: Said,
    /// `None` where it is not known.
    pub unit: Option<Unit>,
    pub has_no_unit: bool,
    /// By this it is told whose similar point it is.
    pub call: Call,
}
