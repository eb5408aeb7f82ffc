use serde::{Deserialize, Serialize};

/// What kind of signal a point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BehaviorClass {
    /// Moves continuously.
    Analog,
    /// Rests on a few values and jumps between them.
    Setpoint,
    /// Is on or off.
    Binary,
    /// Only grows, save for resets.
    Counter,
    /// Never moves.
    Constant,
}
