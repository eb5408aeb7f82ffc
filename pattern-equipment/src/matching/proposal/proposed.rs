use pattern_core::domain::Scores;

/// A point in a role.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedRole {
    pub role: String,
    /// Index among the cluster's points.
    pub point: usize,
    /// How sure, 0..1.
    pub score: f64,
}

/// The parts of a proposal's score, each 0..1. `None`: there was nothing to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PartScores {
    /// Names and descriptions say the roles.
    pub name: Option<f64>,
    /// Units fit the roles.
    pub unit: Option<f64>,
    /// Values lie in the ranges of the roles.
    pub range: Option<f64>,
    /// Signals behave as the roles do.
    pub behavior: Option<f64>,
    /// Points update as often as the roles do.
    pub rate: Option<f64>,
    /// Points hang together.
    pub cohesion: Option<f64>,
}

impl From<PartScores> for Scores {
    fn from(parts: PartScores) -> Self {
        let PartScores { name, unit, range, behavior, rate, cohesion } = parts;
        [
            ("name", name),
            ("unit", unit),
            ("range", range),
            ("behavior", behavior),
            ("rate", rate),
            ("cohesion", cohesion),
        ]
        .into()
    }
}

/// How a cluster would be that pattern.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposal {
    /// A point occurs at most once, a role again only where that was told of similar points. Empty: nothing fits.
    pub roles: Vec<ProposedRole>,
    /// Points left over, each with the role that it looks most like: a second sensor of the same.
    pub spares: Vec<ProposedRole>,
    pub scores: PartScores,
    /// Calibrated probability that it is right, 0..1.
    pub confidence: f64,
    /// What it would be without any answer, where a single one about similar points speaks for it.
    pub unanswered: Option<f64>,
    /// In words a technician understands.
    pub reason: String,
}
