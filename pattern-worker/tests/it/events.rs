//! What happened: an episode that comes back is asked about, gets a name, and the next one is recognised by it.

use chrono::{DateTime, Duration, NaiveTime, Utc};
use pattern_core::domain::{
    ApproveRequest, Direction, PatternKind, Purpose, RejectRequest, Sample, Suggestion, SuggestionBody,
    SuggestionStatus, UndoRequest,
};
use pattern_core::library::EpisodePattern;
use pattern_store::{DecisionRequest, MemberRows, NewPoint, samples::KeyedSample};

use crate::site::{NAME, Site, Worker};

const POINTS: usize = 12;
const BUCKET: i64 = 15;

/// Midnight six days ago.
fn start() -> DateTime<Utc> {
    (Utc::now() - Duration::days(6)).date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// When it happened: noon of the first, third and fifth day.
fn happened(times: usize) -> DateTime<Utc> {
    start() + Duration::hours(12) + Duration::days(2 * times as i64)
}

async fn site_with_points() -> Site {
    let site = Site::new().await;
    let points: Vec<NewPoint> = (0..POINTS).map(|n| NewPoint::named(format!("TAG{n:02}X"))).collect();
    site.store.register_points(NAME, &points).await.expect("points");
    site
}

/// Samples of these days. Each time that it happens, every second point goes up and the others down, half of them a
/// quarter of an hour later.
async fn add_days(site: &Site, days: std::ops::Range<i64>) {
    let stored = site.store.stored_points(site.source().await).await.expect("points");
    let mut samples = Vec::new();
    for (n, point) in stored.iter().enumerate() {
        for step in days.start * 96..days.end * 96 {
            let at = start() + Duration::minutes(BUCKET * step);
            let late = Duration::minutes(if n < POINTS / 2 { 0 } else { BUCKET });
            let times = (0..3).filter(|times| at >= happened(*times) + late).count() as f64;
            let way = if n % 2 == 0 { 1.0 } else { -1.0 };
            let wobble = ((step * (7 + 4 * n as i64)) % 53) as f64 / 53.0;
            let value = 100.0 + way * 40.0 * times + wobble;
            samples.push(KeyedSample::new(point.key, Sample { at, value, quality: 0 }));
        }
    }
    site.store.insert_new_samples(&samples).await.expect("samples");
}

async fn about_events(site: &Site) -> Vec<Suggestion> {
    let mut pending = site.suggestions(SuggestionStatus::Pending).await;
    pending.retain(|suggestion| suggestion.kind() == PatternKind::Episode);
    pending
}

async fn decide(site: &Site, suggestion: &Suggestion, request: DecisionRequest) -> Suggestion {
    let decided = site.store.decide(suggestion.id, &request, "anna", None, Utc::now()).await.expect("decide");
    site.until_learned().await;
    decided
}

fn named(name: &str) -> DecisionRequest {
    let pattern_name = Some(name.to_owned());
    DecisionRequest::Approve(ApproveRequest { pattern_name, ..ApproveRequest::default() })
}

fn happened_before(suggestion: &Suggestion) -> Vec<DateTime<Utc>> {
    match &suggestion.body {
        SuggestionBody::Episode(question) => question.happened_before.clone(),
        SuggestionBody::Equipment(_) => panic!("about equipment: {suggestion:#?}"),
    }
}

#[tokio::test]
async fn what_happens_again_is_asked_about_once_gets_a_name_and_is_recognised_by_it() {
    let site = site_with_points().await;
    add_days(&site, 0..4).await;
    let _worker = Worker::start(&site);
    site.analyse().await;

    let asked = about_events(&site).await;
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let question = &asked[0];
    assert_eq!((question.purpose, question.pattern.id), (Purpose::NewPattern, None));
    assert!(question.reason.contains("2 episodes resemble each other"), "{}", question.reason);
    let MemberRows::Episode(points) =
        site.store.suggestion_detail(question.id).await.expect("detail").members
    else {
        panic!("about no episode");
    };
    assert_eq!(points.len(), POINTS);
    assert!(points.windows(2).all(|pair| pair[0].changed_at <= pair[1].changed_at), "in order");
    for point in &points {
        let number: usize = point.name[3..5].parse().expect("a number");
        let (way, late) = (number.is_multiple_of(2), number >= POINTS / 2);
        assert_eq!(point.direction, if way { Direction::Up } else { Direction::Down }, "{}", point.name);
        let at = happened(1) + Duration::minutes(if late { BUCKET } else { 0 });
        assert_eq!(point.changed_at, at, "{}", point.name);
    }

    decide(&site, question, named("Load rejection")).await;
    let pattern = site.store.library::<EpisodePattern>().await.expect("library").remove(0);
    assert_eq!((pattern.spec.name.as_str(), pattern.spec.changes.len()), ("Load rejection", POINTS));
    // The earlier one is of the kind that has a name now.
    let earlier = about_events(&site).await;
    assert_eq!(earlier.len(), 1, "{earlier:#?}");
    // Of what happened once nobody can be sure.
    assert_eq!((earlier[0].pattern.id, earlier[0].purpose), (Some(pattern.id), Purpose::Learning));
    assert!(earlier[0].confidence < 0.67, "{}", earlier[0].confidence);
    assert!(happened_before(&earlier[0]).is_empty(), "the other one was later");
    decide(&site, &earlier[0], DecisionRequest::Approve(ApproveRequest::default())).await;
    assert!(about_events(&site).await.is_empty());

    add_days(&site, 4..6).await;
    site.analyse().await;
    let next = about_events(&site).await;
    assert_eq!(next.len(), 1, "{next:#?}");
    assert_eq!((next[0].pattern.name.as_str(), next[0].purpose), ("Load rejection", Purpose::Match));
    assert_eq!(happened_before(&next[0]), [happened(1), happened(0)]);
    assert!(next[0].confidence > earlier[0].confidence, "it happened twice before");
    let date = happened(0).format("%Y-%m-%d %H:%M").to_string();
    assert!(next[0].reason.contains(&date), "{}", next[0].reason);
}

#[tokio::test]
async fn what_was_said_to_be_nothing_is_not_asked_again_and_what_is_taken_back_is() {
    let site = site_with_points().await;
    add_days(&site, 0..4).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let question = about_events(&site).await.remove(0);
    let nothing = DecisionRequest::Reject(RejectRequest { version: None, reason: "a test".into() });
    let rejected = decide(&site, &question, nothing).await;
    add_days(&site, 4..6).await;
    site.analyse().await;
    assert!(about_events(&site).await.is_empty(), "the same again is nothing again");

    decide(&site, &rejected, DecisionRequest::Undo(UndoRequest::default())).await;
    let open = about_events(&site).await;
    assert!(!open.is_empty() && open.iter().all(|s| s.purpose == Purpose::NewPattern), "{open:#?}");
}

#[tokio::test]
async fn a_name_that_is_taken_back_is_forgotten_with_what_was_recognised_by_it() {
    let site = site_with_points().await;
    add_days(&site, 0..4).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let question = about_events(&site).await.remove(0);
    let named = decide(&site, &question, named("Batch change")).await;
    assert_eq!(site.store.library::<EpisodePattern>().await.expect("library").len(), 1);
    decide(&site, &named, DecisionRequest::Undo(UndoRequest::default())).await;
    assert!(site.store.library::<EpisodePattern>().await.expect("library").is_empty());
    site.analyse().await;
    let open = about_events(&site).await;
    assert_eq!(open.len(), 1, "{open:#?}");
    assert_eq!((open[0].pattern.id, open[0].purpose), (None, Purpose::NewPattern));
}
