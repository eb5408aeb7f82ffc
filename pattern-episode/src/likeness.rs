//! How much an episode resembles a kind of event.
//!
//! Floods of alarms are told apart by which alarms take part (Ahmed, Izadi, Chen, Joe and Burton, IEEE Transactions on
//! Automation Science and Engineering 10(2), 2013), weighted by how often they do, and by their order. Here a change also
//! has a direction: a trip and the restart after it change the same points the other way round.

use pattern_core::domain::Scores;

use crate::profile::{Occurrence, Part, Profile};

/// The parts of the likeness of an episode and a kind of event, each 0..1. `None`: there was nothing to judge by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Share of what usually changes, or changed here, that did both. A point that takes part seldom counts less.
    pub points: f64,
    /// Of the points in common, the share that went the same way.
    pub direction: Option<f64>,
    /// Of the pairs of points in common that did not change at once, the share that changed in the same order.
    pub order: Option<f64>,
    /// The shorter length divided by the longer one.
    pub duration: Option<f64>,
    /// How many points changed the same way.
    pub common: usize,
    /// The order is surely better than chance.
    pub in_order: bool,
    /// As `points`, of changes in the same direction, and less where the order is surely worse than chance: such an order
    /// says that it was something else, one as good as chance or better is as it should be.
    pub likeness: f64,
}

impl From<Likeness> for Scores {
    fn from(likeness: Likeness) -> Self {
        [
            ("points", Some(likeness.points)),
            ("direction", likeness.direction),
            ("order", likeness.order),
            ("duration", likeness.duration),
        ]
        .into()
    }
}

/// Takes time with the square of the points in common, of which it looks at 400 at most.
pub fn likeness(profile: &Profile, occurrence: &Occurrence) -> Likeness {
    let (mut both, mut same_way, mut all) = (0.0, 0.0, 0.0);
    let mut common: Vec<(&Part, f64)> = Vec::new();
    let mut points_in_common = 0;
    for change in &occurrence.changes {
        let Some(part) = profile.parts.get(&change.point) else {
            all += 1.0;
            continue;
        };
        points_in_common += 1;
        all += part.share;
        both += part.share;
        if part.direction == change.direction {
            same_way += part.share;
            common.push((part, occurrence.delay(change)));
        }
    }
    let changed: std::collections::BTreeSet<_> =
        occurrence.changes.iter().map(|change| change.point).collect();
    let missing = profile.parts.iter().filter(|(point, _)| !changed.contains(*point));
    all += missing.map(|(_, part)| part.share).sum::<f64>();
    let of_all = |weight: f64| if all > 0.0 { weight / all } else { 0.0 };
    let order = order(&common);
    // Two standard deviations of Kendall's tau by chance, from 0 to 1 as the order is.
    let n = common.len().min(MOST_ORDERED) as f64;
    let by_chance = (2.0 * (2.0 * n + 5.0) / (9.0 * n * (n - 1.0))).sqrt();
    let worse_than_chance = order.map_or(1.0, |order| (2.0 * (order + by_chance)).min(1.0));
    Likeness {
        points: of_all(both),
        direction: (points_in_common > 0).then(|| common.len() as f64 / f64::from(points_in_common)),
        order,
        duration: duration(profile.seconds, occurrence.seconds()),
        common: common.len(),
        in_order: order.is_some_and(|order| order - by_chance > 0.5),
        likeness: of_all(same_way) * worse_than_chance,
    }
}

/// More points say nothing more about the order.
const MOST_ORDERED: usize = 400;

/// Share of the pairs in the same order: Goodman and Kruskal's gamma, from 0 to 1 instead of −1 to 1.
fn order(common: &[(&Part, f64)]) -> Option<f64> {
    let every = common.len().div_ceil(MOST_ORDERED).max(1);
    let delays: Vec<(f64, f64)> =
        common.iter().step_by(every).map(|(part, delay)| (part.after_seconds, *delay)).collect();
    let (mut same, mut other) = (0_u64, 0_u64);
    for (i, (usual, here)) in delays.iter().enumerate() {
        for (usual_of, here_of) in &delays[..i] {
            let way = (usual - usual_of) * (here - here_of);
            same += u64::from(way > 0.0);
            other += u64::from(way < 0.0);
        }
    }
    (same + other > 0).then(|| same as f64 / (same + other) as f64)
}

fn duration(usual: f64, here: f64) -> Option<f64> {
    let (shorter, longer) = (usual.min(here), usual.max(here));
    (longer > 0.0).then(|| shorter / longer)
}
