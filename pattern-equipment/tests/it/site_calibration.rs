//! What a site's own answers say about how sure the engine may be.

use pattern_equipment::matching::SiteCalibration;
use proptest::prelude::*;

/// Suggestions of one confidence, of which this share was right.
fn decided(confidence: f64, right: usize, of: usize) -> Vec<(f64, bool)> {
    (0..of).map(|i| (confidence, i < right)).collect()
}

#[test]
fn few_answers_leave_the_shipped_calibration() {
    assert_eq!(SiteCalibration::fit(&decided(0.9, 0, 49)), SiteCalibration::default());
    assert_eq!(SiteCalibration::default().apply(0.9), 0.9);
}

#[test]
fn a_site_where_it_is_right_less_often_lowers_what_it_says() {
    let answers: Vec<_> =
        (0..100).map(|i| if i % 5 < 3 { (0.9, i % 2 == 0) } else { (0.3, i == 53) }).collect();
    let site = SiteCalibration::fit(&answers);
    assert!((0.45..0.6).contains(&site.apply(0.9)), "{}", site.apply(0.9));
    assert!((0.03..0.2).contains(&site.apply(0.3)), "{}", site.apply(0.3));
}

#[test]
fn what_it_says_since_it_learned_counts_more_than_what_it_said_before() {
    let (since, before) = (decided(0.9, 48, 50), decided(0.9, 0, 50));
    let learned = SiteCalibration::fit(&[since.clone(), before.clone()].concat()).apply(0.9);
    let forgot = SiteCalibration::fit(&[before, since].concat()).apply(0.9);
    assert!(learned > 0.7 && forgot < 0.5, "{learned} {forgot}");
}

#[derive(serde::Deserialize)]
struct Reference {
    /// Confidence, how many of it were right, how many there were.
    groups: Vec<(f64, usize, usize)>,
    calibrated: Vec<(f64, f64)>,
}

#[test]
fn the_fit_is_the_one_that_scipy_finds() {
    let text = include_str!("../data/site_calibration_reference.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    let answers: Vec<_> =
        reference.groups.iter().flat_map(|&(confidence, right, of)| decided(confidence, right, of)).collect();
    let site = SiteCalibration::fit(&answers);
    for (confidence, expected) in reference.calibrated {
        let calibrated = site.apply(confidence);
        assert!((calibrated - expected).abs() < 1e-6, "{confidence}: {calibrated}, scipy {expected}");
    }
}

proptest! {
    #[test]
    fn whatever_was_answered_it_stays_a_monotone_probability(
        answers in proptest::collection::vec((0.0..=1.0_f64, any::<bool>()), 0..150),
        a in 0.0..=1.0_f64,
        b in 0.0..=1.0_f64,
    ) {
        let site = SiteCalibration::fit(&answers);
        let (low, high) = (site.apply(a.min(b)), site.apply(a.max(b)));
        prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high), "{} {}", low, high);
        prop_assert!(low <= high);
    }
}
