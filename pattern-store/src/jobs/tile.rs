use uuid::Uuid;

/// Which part of which run a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// The run that was split.
    pub run_id: Uuid,
    pub generation: i32,
}

impl Tile {
    pub(super) fn of_row(parent: Option<Uuid>, generation: Option<i32>) -> Option<Self> {
        Some(Self { run_id: parent?, generation: generation? })
    }
}
