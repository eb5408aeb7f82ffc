//! Against scikit-learn's numbers (`tests/data/make_evaluation_reference.py`).

use pattern_equipment::evaluation::{Contingency, calibration};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    groupings: Vec<Grouping>,
    calibrations: Vec<Calibration>,
}

#[derive(Deserialize)]
struct Grouping {
    truth: Vec<usize>,
    found: Vec<usize>,
    ari: f64,
    nmi: f64,
    pair_precision: f64,
    pair_recall: f64,
}

#[derive(Deserialize)]
struct Calibration {
    said: Vec<f64>,
    right: Vec<bool>,
    ece: f64,
    brier: f64,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../data/evaluation_reference.json")).expect("the reference is JSON")
}

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() < 1e-9
}

#[test]
fn groupings_score_as_in_scikit_learn() {
    for (i, case) in reference().groupings.iter().enumerate() {
        let ours = Contingency::new(&case.truth, &case.found).scores();
        assert!(close(ours.ari, case.ari), "ari of case {i}: {} and {}", ours.ari, case.ari);
        assert!(close(ours.nmi, case.nmi), "nmi of case {i}: {} and {}", ours.nmi, case.nmi);
        assert!(close(ours.pair_precision, case.pair_precision), "precision of case {i}");
        assert!(close(ours.pair_recall, case.pair_recall), "recall of case {i}");
    }
}

#[test]
fn probabilities_are_judged_as_in_scikit_learn() {
    for case in reference().calibrations {
        let said: Vec<(f64, bool)> = case.said.into_iter().zip(case.right).collect();
        let ours = calibration(&said).expect("something was said");
        assert!(close(ours.ece, case.ece) && close(ours.brier, case.brier), "{ours:?}");
    }
    assert_eq!(calibration(&[]), None);
}

proptest! {
    #[test]
    fn names_of_groups_and_order_of_items_do_not_matter(
        items in prop::collection::vec((0_usize..6, 0_usize..6), 2..60)
    ) {
        let (truth, found): (Vec<usize>, Vec<usize>) = items.iter().copied().unzip();
        let plain = Contingency::new(&truth, &found).scores();
        let renamed: Vec<usize> = found.iter().rev().map(|group| 100 - 7 * group).collect();
        let turned: Vec<usize> = truth.iter().rev().copied().collect();
        let other = Contingency::new(&turned, &renamed).scores();
        prop_assert!(close(plain.ari, other.ari) && close(plain.nmi, other.nmi));
        prop_assert!(close(plain.pair_precision, other.pair_precision));
    }
}
