//! What the engine says of every labelled point beside its labels, to see where it is wrong.

use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;

use super::{trial::Standing, truth::Truth};

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    equipment: &'a str,
    equipment_type: &'a str,
    role: &'a str,
    /// Number of the cluster; empty: left alone.
    cluster: Option<usize>,
    proposed_pattern: &'a str,
    confidence: Option<f64>,
    proposed_role: &'a str,
    /// By an answer.
    confirmed: bool,
}

/// Writes a line per scored point to `file`, sorted by equipment.
pub fn write(standing: &Standing, truth: &Truth, file: &Path) -> Result<()> {
    let cluster_of = standing.cluster_of();
    let mut scored: Vec<_> = truth.scored().collect();
    scored.sort_unstable_by_key(|(name, label)| (&label.equipment, *name));
    let mut csv = csv::Writer::from_path(file).with_context(|| format!("cannot write {}", file.display()))?;
    for (name, label) in scored {
        let cluster = cluster_of.get(name).copied();
        let best = cluster.and_then(|i| standing.clusters[i].proposals.first());
        csv.serialize(Row {
            name,
            equipment: label.equipment.as_deref().unwrap_or_default(),
            equipment_type: label.equipment_type.as_deref().unwrap_or_default(),
            role: label.role.as_deref().unwrap_or_default(),
            cluster,
            proposed_pattern: best.map_or("", |(pattern, _)| pattern),
            confidence: best.map(|(_, confidence)| *confidence),
            proposed_role: standing.roles.get(name).map_or("", String::as_str),
            confirmed: standing.confirmed.contains(name),
        })?;
    }
    csv.flush()?;
    Ok(())
}
