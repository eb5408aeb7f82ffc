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
