//! Made plants, where it is known which kind of event each episode was.

use chrono::{DateTime, Duration, Utc};
use pattern_core::domain::{Direction, PointChange};
use pattern_episode::{
    matching::{KnownKind, SAME_KIND, groups, recognise},
    profile::{Occurrence, Profile},
};
use uuid::Uuid;

use super::support::{Noise, midnight};

/// A kind of event of a made plant: which points change, which way, and when.
struct Kind(Vec<(u128, Direction, f64)>);

impl Kind {
    fn new(noise: &mut Noise, points: std::ops::Range<u128>) -> Self {
        let way = |noise: &mut Noise| if noise.uniform() < 0.5 { Direction::Up } else { Direction::Down };
        Self(points.map(|point| (point, way(noise), 600.0 * noise.uniform())).collect())
    }

    /// The same points, each the other way.
    fn reversed(&self) -> Self {
        let turned = |way| if way == Direction::Up { Direction::Down } else { Direction::Up };
        Self(self.0.iter().map(|(point, way, after)| (*point, turned(*way), *after)).collect())
    }

    /// Some points stay away, others change by chance, and every change comes a little earlier or later.
    fn happens(&self, noise: &mut Noise, at: DateTime<Utc>, missing: f64, foreign: usize) -> Occurrence {
        let time = |after: f64| at + Duration::milliseconds((1000.0 * after.max(0.0)) as i64);
        let mut changes = Vec::new();
        for (point, direction, after) in &self.0 {
            if noise.uniform() >= missing {
                let after = after + 30.0 * noise.next();
                changes.push(PointChange {
                    point: Uuid::from_u128(*point),
                    direction: *direction,
                    at: time(after),
                });
            }
        }
        for _ in 0..foreign {
            let point = Uuid::from_u128(1000 + (1000.0 * noise.uniform()) as u128);
            if changes.iter().all(|change| change.point != point) {
                changes.push(PointChange {
                    point,
                    direction: Direction::Up,
                    at: time(600.0 * noise.uniform()),
                });
            }
        }
        changes.sort_by_key(|change| (change.at, change.point));
        let (starts_at, ends_at) = (changes[0].at, changes[changes.len() - 1].at);
        Occurrence { starts_at, ends_at, changes }
    }
}

/// Eight kinds: of each two, one is the reverse of the other, and neighbours share a third of their points.
fn kinds(noise: &mut Noise) -> Vec<Kind> {
    let trips = (0..4_u128).map(|n| Kind::new(noise, n * 20..n * 20 + 30));
    trips.collect::<Vec<_>>().into_iter().flat_map(|trip| [trip.reversed(), trip]).collect()
}

#[test]
fn what_happens_again_is_recognised_and_what_is_new_is_not() {
    let (mut right, mut wrong, mut missed, mut invented) = (0, 0, 0, 0);
    for seed in 0..20 {
        let mut noise = Noise::new(seed);
        let kinds = kinds(&mut noise);
        let known: Vec<KnownKind> = kinds[..6]
            .iter()
            .enumerate()
            .map(|(n, kind)| {
                let past: Vec<Occurrence> =
                    (0..2).map(|_| kind.happens(&mut noise, midnight(), 0.15, 4)).collect();
                KnownKind {
                    pattern: Uuid::from_u128(n as u128),
                    version: 1,
                    name: format!("event {n}"),
                    profile: Profile::of(&past),
                    happened: vec![midnight()],
                    rejected: 0,
                }
            })
            .collect();
        for (n, kind) in kinds.iter().enumerate() {
            let now = kind.happens(&mut noise, midnight() + Duration::days(3), 0.15, 4);
            match recognise(&now, &known) {
                Some((found, _)) if n < 6 && found.pattern == Uuid::from_u128(n as u128) => right += 1,
                Some(_) if n < 6 => wrong += 1,
                Some(_) => invented += 1,
                None if n < 6 => missed += 1,
                None => {}
            }
        }
    }
    assert_eq!((wrong, invented), (0, 0), "nothing is taken for what it is not");
    assert!(right >= 115, "{right} of 120 are recognised, {missed} missed");
}

#[test]
fn episodes_that_resemble_each_other_are_grouped_and_a_single_one_stays_alone() {
    for seed in 100..110 {
        let mut noise = Noise::new(seed);
        let kinds = kinds(&mut noise);
        let mut happened = Vec::new();
        // Three of each of the first three kinds, and one of each of the others.
        for (n, kind) in kinds.iter().enumerate() {
            for day in 0..if n < 3 { 3 } else { 1 } {
                let at = midnight() + Duration::days(day);
                happened.push((n, kind.happens(&mut noise, at, 0.15, 4)));
            }
        }
        let occurrences: Vec<Occurrence> =
            happened.iter().map(|(_, occurrence)| occurrence.clone()).collect();
        let found = groups(&occurrences);
        for group in &found {
            let of: Vec<usize> = group.iter().map(|place| happened[*place].0).collect();
            assert!(of.windows(2).all(|pair| pair[0] == pair[1]), "{of:?}");
        }
        assert_eq!(found.len(), 3, "seed {seed}");
    }
}

#[test]
fn a_kind_is_recognised_by_the_one_time_that_it_happened() {
    let mut noise = Noise::new(7);
    let once = Kind::new(&mut noise, 0..20).happens(&mut noise, midnight(), 0.0, 0);
    let kind = KnownKind {
        pattern: Uuid::nil(),
        version: 1,
        name: "trip".into(),
        profile: Profile::of(std::slice::from_ref(&once)),
        happened: vec![once.starts_at],
        rejected: 0,
    };
    let (_, likeness) = recognise(&once, std::slice::from_ref(&kind)).expect("recognised");
    assert!((likeness.likeness - 1.0).abs() < 1e-12 && likeness.likeness > SAME_KIND);
}

#[test]
fn what_happened_seldom_or_was_denied_is_known_less_surely() {
    let mut noise = Noise::new(7);
    let once = Kind::new(&mut noise, 0..20).happens(&mut noise, midnight(), 0.0, 0);
    let of = |times: usize, rejected: usize| KnownKind {
        pattern: Uuid::nil(),
        version: 1,
        name: "trip".into(),
        profile: Profile::of(std::slice::from_ref(&once)),
        happened: vec![once.starts_at; times],
        rejected,
    };
    let sureness = |kind: KnownKind| {
        let (kind, likeness) =
            recognise(&once, std::slice::from_ref(&kind)).map(|(k, l)| (k.clone(), l)).expect("alike");
        kind.sureness(&likeness)
    };
    let [first, third, denied, written] = [of(1, 0), of(3, 0), of(3, 2), of(0, 0)].map(sureness);
    assert!((first - 2.0 / 3.0).abs() < 1e-9 && (written - 0.5).abs() < 1e-9, "{first} {written}");
    assert!(third > first && denied < third, "{third} {denied}");
}
