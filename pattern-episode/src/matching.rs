//! Whether an episode is a known kind of event, and which unknown ones resemble each other.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    likeness::{Likeness, likeness},
    profile::{Occurrence, Profile},
};

/// From this likeness on two episodes are of one kind: most of what changed in either changed alike in both.
pub const SAME_KIND: f64 = 0.5;

/// A kind of event that somebody named.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownKind {
    pub pattern: Uuid,
    pub version: i64,
    pub name: String,
    pub profile: Profile,
    /// When it happened, newest first.
    pub happened: Vec<DateTime<Utc>>,
    /// How often somebody said of an episode that it was not this.
    pub rejected: usize,
}

impl KnownKind {
    /// How sure it is that an episode so alike is of this kind, 0..1: what happened seldom, or was denied, is known less
    /// well (Laplace's rule of succession).
    pub fn sureness(&self, likeness: &Likeness) -> f64 {
        let (confirmed, denied) = (self.happened.len() as f64, self.rejected as f64);
        likeness.likeness * (confirmed + 1.0) / (confirmed + denied + 2.0)
    }

    /// When it happened before that, newest first.
    pub fn before(&self, at: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        self.happened.iter().copied().filter(|happened| *happened < at).collect()
    }
}

/// The known kind that an episode resembles most, if it resembles any.
pub fn recognise<'a>(occurrence: &Occurrence, kinds: &'a [KnownKind]) -> Option<(&'a KnownKind, Likeness)> {
    kinds
        .iter()
        .map(|kind| (kind, likeness(&kind.profile, occurrence)))
        .filter(|(_, likeness)| likeness.likeness >= SAME_KIND)
        .max_by(|(a, la), (b, lb)| la.likeness.total_cmp(&lb.likeness).then(b.pattern.cmp(&a.pattern)))
}

/// Why an episode is taken for a known kind of event, in words.
pub fn reason(kind: &KnownKind, likeness: &Likeness, occurrence: &Occurrence) -> String {
    let order = if likeness.in_order { " and in the same order" } else { "" };
    let changed = occurrence.changes.len();
    let before = match kind.before(occurrence.starts_at).as_slice() {
        [] => String::new(),
        happened => {
            let shown: Vec<String> =
                happened.iter().take(3).map(|at| at.format("%Y-%m-%d %H:%M").to_string()).collect();
            let more = match happened.len().saturating_sub(shown.len()) {
                0 => String::new(),
                more => format!(", and {more} times more"),
            };
            format!("; it happened before on {} (UTC){more}", shown.join(", "))
        }
    };
    format!(
        "{} of the {} points that change in {}, and of the {changed} that changed here, went the same way{order}{before}",
        likeness.common,
        kind.profile.parts.len(),
        kind.name
    )
}

/// Which of these resemble each other, two at least, by their places: agglomerative, with complete linkage, so that
/// everything in a group resembles everything else in it. Largest group first. Takes time with the cube of their number.
pub fn groups(occurrences: &[Occurrence]) -> Vec<Vec<usize>> {
    let profiles: Vec<Profile> =
        occurrences.iter().map(|occurrence| Profile::of(std::slice::from_ref(occurrence))).collect();
    let alike = |a: usize, b: usize| likeness(&profiles[a], &occurrences[b]).likeness;
    let count = occurrences.len();
    let mut linkage: Vec<Vec<f64>> =
        (0..count).map(|a| (0..count).map(|b| if a == b { 1.0 } else { alike(a, b) }).collect()).collect();
    let mut groups: Vec<Vec<usize>> = (0..count).map(|one| vec![one]).collect();
    loop {
        let pairs = (0..groups.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
        let best = pairs.max_by(|x, y| linkage[x.0][x.1].total_cmp(&linkage[y.0][y.1]).then(y.cmp(x)));
        let Some((a, b)) = best.filter(|(a, b)| linkage[*a][*b] >= SAME_KIND) else { break };
        let farther: Vec<f64> =
            linkage[a].iter().zip(&linkage[b]).map(|(to_a, to_b)| to_a.min(*to_b)).collect();
        for (row, likeness) in linkage.iter_mut().zip(&farther) {
            row[a] = *likeness;
        }
        linkage[a] = farther;
        let joined = groups.remove(b);
        groups[a].extend(joined);
        linkage.remove(b);
        for row in &mut linkage {
            row.remove(b);
        }
    }
    groups.retain(|group| group.len() > 1);
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    groups
}

/// How much the occurrences of a group resemble each other: the mean over all pairs.
pub fn cohesion(occurrences: &[&Occurrence]) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0);
    for (i, one) in occurrences.iter().enumerate() {
        let profile = Profile::of(std::slice::from_ref(*one));
        for other in &occurrences[..i] {
            sum += likeness(&profile, other).likeness;
            pairs += 1;
        }
    }
    if pairs == 0 { 1.0 } else { sum / f64::from(pairs) }
}
