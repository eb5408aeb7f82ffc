//! What a person told apart, learned for points of the same templates: the meters of one panel are machines of their own, and so are
//! those of the next.

use std::collections::{BTreeMap, BTreeSet};

/// One machine may have a stray point by accident: points that are called so are apart from the others only where
/// that was confirmed of so many groups …
const SEVERAL_GROUPS: usize = 2;
/// … or of all of so many points of one.
const WHOLE_GROUP: usize = 3;

/// How points of two templates were confirmed within one naming group.
#[derive(Default)]
struct Confirmations {
    together: bool,
    apart_in: BTreeSet<usize>,
    all_apart: bool,
}

/// Pairs of templates, the smaller first, that names put together and that were only ever told apart. `confirmed` is the
/// equipment of points, `excluded` what was taken out of which, `templates` and `name_group` are of all points.
pub(super) fn told_apart(
    confirmed: &BTreeMap<u32, u32>,
    excluded: &BTreeSet<(u32, u32)>,
    templates: &[u32],
    name_group: &[Option<usize>],
) -> BTreeSet<(u32, u32)> {
    let mut groups: BTreeMap<usize, Vec<(u32, u32)>> = BTreeMap::new();
    for (&point, &equipment) in confirmed {
        if let (Some(group), Some(&template)) = (name_group[point as usize], templates.get(point as usize)) {
            groups.entry(group).or_default().push((template, equipment));
        }
    }
    let mut by_pair: BTreeMap<(u32, u32), Confirmations> = BTreeMap::new();
    let pair = |a: u32, b: u32| (a.min(b), a.max(b));
    for &(point, equipment) in excluded {
        let (Some(group), Some(&template)) = (name_group[point as usize], templates.get(point as usize))
        else {
            continue;
        };
        for (other, _) in groups.get(&group).into_iter().flatten().filter(|(_, of)| *of == equipment) {
            by_pair.entry(pair(template, *other)).or_default().apart_in.insert(group);
        }
    }
    for (group, points) in groups {
        let machines = points.iter().map(|(_, equipment)| equipment).collect::<BTreeSet<_>>().len();
        let all_apart = machines == points.len() && points.len() >= WHOLE_GROUP;
        for (i, (template, equipment)) in points.iter().enumerate() {
            for (other, of_other) in &points[i + 1..] {
                let seen = by_pair.entry(pair(*template, *other)).or_default();
                if equipment == of_other {
                    seen.together = true;
                } else {
                    seen.apart_in.insert(group);
                    seen.all_apart |= all_apart;
                }
            }
        }
    }
    by_pair.retain(|_, t| !t.together && (t.all_apart || t.apart_in.len() >= SEVERAL_GROUPS));
    by_pair.into_keys().collect()
}
