use chrono::{Days, NaiveDate};
use pattern_core::learning::{Confidence, EvidenceDay, beta_cumulative, beta_quantile, confidence};
use proptest::prelude::*;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 1).unwrap()
}

fn day(favourable: bool, days_ago: u64, count: u64) -> EvidenceDay {
    let kind = if favourable { "approval" } else { "rejection" };
    let day = today().checked_sub_days(Days::new(days_ago)).unwrap();
    EvidenceDay { origin: "plant".into(), kind: kind.into(), favourable, day, count }
}

#[test]
fn quantiles_are_those_of_scipy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/beta_quantiles.csv");
    let mut rows = 0;
    for row in csv::Reader::from_path(path).unwrap().deserialize() {
        let (probability, a, b, expected): (f64, f64, f64, f64) = row.unwrap();
        let found = beta_quantile(probability, a, b);
        assert!((found - expected).abs() < 1e-9, "Beta({a}, {b}) at {probability}: {found}, not {expected}");
        rows += 1;
    }
    assert!(rows >= 50);
}

#[test]
fn a_pattern_without_evidence_keeps_its_prior() {
    for prior in [0.3, 0.65, 0.85, 0.9] {
        let Confidence { lower_bound, support, .. } = confidence(prior, &[], today());
        assert!((lower_bound - prior).abs() < 1e-6, "{prior} became {lower_bound}");
        assert_eq!(support, 0.0);
    }
}

#[test]
fn one_approval_raises_it_and_one_rejection_lowers_it() {
    for prior in [0.3, 0.65, 0.85, 0.95] {
        let bound = |facts: &[EvidenceDay]| confidence(prior, facts, today()).lower_bound;
        assert!(bound(&[day(true, 0, 1)]) > bound(&[]) + 0.001, "prior {prior}");
        assert!(bound(&[day(false, 0, 1)]) < bound(&[]) - 0.01, "prior {prior}");
    }
}

#[test]
fn a_fact_weighs_half_after_its_half_life_and_fades() {
    let support = |days_ago| confidence(0.7, &[day(true, days_ago, 8)], today()).support;
    assert!((support(0) - 8.0).abs() < 1e-9);
    assert!((support(180) - 4.0).abs() < 1e-9);
    let old = confidence(0.7, &[day(false, 3600, 8)], today());
    assert!((old.lower_bound - 0.7).abs() < 1e-3);
}

#[test]
fn counts_of_one_day_that_come_twice_count_once() {
    let once = confidence(0.7, &[day(true, 3, 2)], today());
    let again = confidence(0.7, &[day(true, 3, 2), day(true, 3, 1), day(true, 3, 2)], today());
    assert_eq!(once, again);
}

proptest! {
    #[test]
    fn the_order_of_the_evidence_changes_nothing(
        facts in prop::collection::vec((any::<bool>(), 0u64..800, 1u64..6), 0..12),
        prior in 0.1f64..0.95,
    ) {
        let mut facts: Vec<_> = facts.into_iter().map(|(f, d, n)| day(f, d, n)).collect();
        let forward = confidence(prior, &facts, today());
        facts.reverse();
        prop_assert_eq!(forward, confidence(prior, &facts, today()));
    }

    #[test]
    fn the_quantile_inverts_the_distribution(p in 0.001f64..0.999, a in 0.3f64..200.0, b in 0.3f64..200.0) {
        prop_assert!((beta_cumulative(beta_quantile(p, a, b), a, b) - p).abs() < 1e-8);
    }
}
