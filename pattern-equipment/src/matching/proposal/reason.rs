use super::cluster::ClusterView;
use super::pattern::CompiledRole;
use super::role_fit::RoleFit;
use super::summary::{Summary, calibrated};
use pattern_core::library::EquipmentPattern;

/// By less the answers about similar points move no one's mind.
const DOUBT: f64 = 0.05;

/// Whether what similar points were approved as makes it less sure. Beside names that say it outright it does not.
fn speaks_against(summary: &Summary) -> bool {
    let untold = Summary { site: 0.0, ..summary.clone() };
    calibrated(&untold) - calibrated(summary) >= DOUBT
}

/// Why a person should believe this, or doubt it, in a few sentences.
pub(super) fn reason(
    spec: &EquipmentPattern,
    cluster: &ClusterView,
    taken: &[(&CompiledRole, usize, &RoleFit)],
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
        sentences.push("similar points were approved as such".into());
    } else if speaks_against(summary) {
        sentences.push("but similar points were approved as something else".into());
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
        .filter(|(_, _, fit)| fit.unit == Some(0.0))
        .map(|(_, p, _)| cluster.points[*p].name.as_str());
    let wrong_units: Vec<&str> = wrong_units.take(3).collect();
    if !wrong_units.is_empty() {
        sentences.push(format!("odd unit: {}", wrong_units.join(", ")));
    }
    let outside = taken
        .iter()
        .filter(|(_, _, fit)| fit.range.is_some_and(|r| r < 0.5))
        .map(|(_, p, _)| cluster.points[*p].name.as_str());
    let outside: Vec<&str> = outside.take(3).collect();
    if !outside.is_empty() {
        sentences.push(format!("outside of the usual range: {}", outside.join(", ")));
    }
    format!("{}.", sentences.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_about_similar_are_named_only_where_they_speak_against() {
        let sure = Summary {
            coverage: 1.0,
            required: 1.0,
            sureness: 1.0,
            name: 1.0,
            spoken: 1.0,
            keyword: 1.0,
            typical: 1.0,
            site: -0.4,
            ..Summary::default()
        };
        assert!(!speaks_against(&sure), "{}", calibrated(&sure));
        let unsure = Summary { keyword: 0.0, typical: 0.5, name: 0.6, ..sure };
        assert!(speaks_against(&unsure), "{}", calibrated(&unsure));
        assert!(!speaks_against(&Summary { site: 0.0, ..unsure }));
    }
}
