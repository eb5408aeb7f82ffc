use super::calibration::Summary;
use super::cluster::ClusterView;
use super::compiled::CompiledRole;
use super::evidence::RoleEvidence;
use crate::library::PatternSpec;

/// Why a person should believe this, or doubt it, in a few sentences.
pub(super) fn reason(
    spec: &PatternSpec,
    cluster: &ClusterView,
    taken: &[(&CompiledRole, usize, &RoleEvidence)],
    summary: &Summary,
) -> String {
    let points = cluster.points.len();
    let mut sentences = vec![format!("{} of {points} points fit {}", taken.len(), spec.name)];
    let mut surest: Vec<_> = taken.iter().collect();
    surest.sort_by(|a, b| (b.2.score() * b.0.spec.weight).total_cmp(&(a.2.score() * a.0.spec.weight)));
    let named: Vec<String> = surest
        .iter()
        .take(3)
        .map(|(role, point, _)| format!("{} is {}", cluster.points[*point].name, role.spec.name))
        .collect();
    sentences.push(format!("surest: {}", named.join(", ")));
    if summary.keyword >= 0.4 {
        sentences.push("names or descriptions call it so".into());
    } else if summary.other_kind {
        sentences.push("but names or descriptions speak of another kind of equipment".into());
    }
    if summary.site > 0.0 {
        sentences.push("look-alikes were approved as such".into());
    } else if summary.site < 0.0 {
        sentences.push("but look-alikes were approved as something else".into());
    }
    let misses: Vec<&str> = spec
        .roles
        .iter()
        .filter(|role| role.required && !taken.iter().any(|(t, _, _)| t.spec.name == role.name))
        .map(|role| role.name.as_str())
        .collect();
    if !misses.is_empty() {
        sentences.push(format!("missing: {}", misses.join(", ")));
    }
    let wrong_units = taken
        .iter()
        .filter(|(_, _, e)| e.unit == Some(0.0))
        .map(|(_, p, _)| cluster.points[*p].name.as_str());
    let wrong_units: Vec<&str> = wrong_units.take(3).collect();
    if !wrong_units.is_empty() {
        sentences.push(format!("odd unit: {}", wrong_units.join(", ")));
    }
    let outside = taken
        .iter()
        .filter(|(_, _, e)| e.range.is_some_and(|r| r < 0.5))
        .map(|(_, p, _)| cluster.points[*p].name.as_str());
    let outside: Vec<&str> = outside.take(3).collect();
    if !outside.is_empty() {
        sentences.push(format!("outside of the usual range: {}", outside.join(", ")));
    }
    format!("{}.", sentences.join("; "))
}
