//! The chain of analyses, from names and samples to suggestions, and what an answer teaches.

use chrono::Utc;
use pattern_core::domain::{
    ApproveRequest, ClusterKind, ClusterRef, Purpose, RejectRequest, SuggestedPoint, Suggestion,
    SuggestionStatus,
};
use pattern_core::library::EquipmentPattern;
use pattern_store::{DecisionRequest, MemberRows};
use serde_json::json;
use uuid::Uuid;

use crate::site::{Site, Worker, until};

/// The pending count follows by itself, debounced.
const STATE_EVENTS: &str = "select count(*) from outbox where type <> 'PendingCountChanged'";

/// A site that was analysed by its names and units, and its worker.
async fn analysed() -> (Site, Worker) {
    let site = Site::new().await;
    site.add_points().await;
    let worker = Worker::start(&site);
    site.analyse().await;
    (site, worker)
}

async fn approve_and_learn(site: &Site, suggestion: Uuid, approve: ApproveRequest) {
    let approve = DecisionRequest::Approve(approve);
    site.store.decide(suggestion, &approve, "anna", None, Utc::now()).await.expect("approve");
    site.until_learned().await;
}

#[tokio::test]
async fn names_and_units_alone_reach_suggestions() {
    let (site, _worker) = analysed().await;
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    let pumps = pending.iter().filter(|s| s.pattern.name == "Centrifugal Pump").count();
    assert_eq!(pumps, 4, "{pending:#?}");
}

#[tokio::test]
async fn of_look_alikes_one_is_asked_first_and_the_others_last() {
    let (site, _worker) = analysed().await;
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    let pumps: Vec<f64> =
        pending.iter().filter(|s| s.pattern.name == "Centrifugal Pump").map(|s| s.priority).collect();
    assert!(pumps[0] > 0.0 && pumps[1..].iter().all(|priority| *priority < pumps[0] / 2.0), "{pumps:?}");
    assert!(pending.windows(2).all(|pair| pair[0].priority >= pair[1].priority), "{pending:#?}");
}

#[tokio::test]
async fn an_answer_leaves_little_to_ask_about_look_alikes_also_of_points_without_a_role() {
    let (site, _worker) = analysed().await;
    let before = site.suggestions(SuggestionStatus::Pending).await;
    let first = before.iter().find(|s| s.pattern.name == "Centrifugal Pump").expect("a pump");
    let points = points_of(&site, first.id).await;
    let no_role = points.iter().skip(1).map(|point| (point.id, None)).collect();
    let approve = ApproveRequest { role_assignments: Some(no_role), ..ApproveRequest::default() };
    approve_and_learn(&site, first.id, approve).await;
    let after = site.suggestions(SuggestionStatus::Pending).await;
    let look_alikes: Vec<f64> =
        after.iter().filter(|s| s.pattern.id == first.pattern.id).map(|s| s.priority).collect();
    assert_eq!(look_alikes.len(), 3);
    assert!(look_alikes.iter().all(|p| *p < first.priority * 0.7), "{} → {look_alikes:?}", first.priority);
}

#[tokio::test]
async fn samples_add_what_names_can_not_say() {
    let site = Site::new().await;
    site.add_points().await;
    site.add_samples(Utc::now()).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    assert!(site.count("select count(*) from fingerprints").await >= 20);
    assert!(site.count("select count(*) from correlations").await > 0);
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    let pump = pending.iter().find(|s| s.pattern.name == "Centrifugal Pump").expect("a pump");
    assert_eq!(pump.purpose, Purpose::Match);
    assert!(
        pump.scores.part("range").is_some() && pump.scores.part("behavior").is_some(),
        "{:?}",
        pump.scores
    );
}

#[tokio::test]
async fn a_second_run_over_the_same_input_is_skipped_and_changes_nothing() {
    let site = Site::new().await;
    site.add_points().await;
    site.add_samples(Utc::now() - chrono::Duration::days(3)).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let events = site.count(STATE_EVENTS).await;
    let again = site.analyse().await;
    assert_eq!(site.count(STATE_EVENTS).await, events);
    let filter = pattern_store::jobs::RunFilter { chain_id: Some(again.id), ..Default::default() };
    let stages = site.store.job_runs(&filter).await.expect("stages");
    assert_eq!(stages.len(), 4);
    for stage in stages {
        assert_eq!(stage.result, Some(json!({ "north": { "skipped": true } })), "{}", stage.job);
    }
}

#[tokio::test]
async fn an_approval_raises_the_patterns_confidence_and_the_name_score_of_look_alikes() {
    let (site, _worker) = analysed().await;
    let before = site.suggestions(SuggestionStatus::Pending).await;
    let first = before.iter().find(|s| s.pattern.name == "Centrifugal Pump").expect("a pump");
    let pattern = first.pattern.id.expect("a library pattern");
    let confidence = site.store.pattern(pattern).await.expect("pattern").confidence;
    approve_and_learn(&site, first.id, ApproveRequest::default()).await;
    let learned = site.store.pattern(pattern).await.expect("pattern");
    assert!(learned.confidence > confidence, "{confidence} → {}", learned.confidence);
    let after = site.suggestions(SuggestionStatus::Pending).await;
    let look_alikes: Vec<_> = after.iter().filter(|s| s.pattern.id == Some(pattern)).collect();
    assert_eq!(look_alikes.len(), 3);
    for suggestion in look_alikes {
        let was = before.iter().find(|s| s.id == suggestion.id).expect("it was there");
        assert!(suggestion.scores.part("name") > was.scores.part("name"), "{was:?}\n{suggestion:?}");
    }
    let event: String = sqlx::query_scalar(
        "select event from outbox where type = 'PatternUpdated' order by ordinal desc limit 1",
    )
    .fetch_one(site.store.pool())
    .await
    .expect("an event says so");
    let about = format!("approval of {}", first.subject.label);
    assert!(event.contains("anna") && event.contains(&about), "{event}");
}

#[tokio::test]
async fn a_rejection_lowers_the_confidence_and_is_not_asked_again() {
    let (site, _worker) = analysed().await;
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    let pump = pending.iter().find(|s| s.pattern.name == "Centrifugal Pump").expect("a pump");
    let pattern = pump.pattern.id.expect("a library pattern");
    let confidence = site.store.pattern(pattern).await.expect("pattern").confidence;
    let reject = DecisionRequest::Reject(RejectRequest { version: None, reason: "it is a toy".into() });
    site.store.decide(pump.id, &reject, "ben", None, Utc::now()).await.expect("reject");
    until("the confidence falls", || async {
        site.store.pattern(pattern).await.is_ok_and(|p| p.confidence < confidence)
    })
    .await;
    site.analyse().await;
    let again = site.suggestions(SuggestionStatus::Pending).await;
    assert!(again.iter().all(|s| s.subject.id != pump.subject.id || s.pattern.id != Some(pattern)));
}

#[tokio::test]
async fn units_that_come_after_the_names_reach_the_suggestions() {
    let site = Site::new().await;
    site.add_named("P-101", &[("DISCH_PRESS", ""), ("MTR_AMPS", ""), ("QQA", "")]).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let named = site.suggestions(SuggestionStatus::Pending).await;
    assert_eq!(named[0].scores.part("unit"), None, "{named:?}");
    site.add_named("P-101", &[("DISCH_PRESS", "psi"), ("MTR_AMPS", "A"), ("QQA", "")]).await;
    site.analyse().await;
    let measured = site.suggestions(SuggestionStatus::Pending).await;
    assert!(measured[0].scores.part("unit").is_some(), "{measured:?}");
}

#[tokio::test]
async fn what_nobody_answered_makes_room_for_the_next_questions_to_learn_from() {
    let site = Site::new().await;
    // Two parts of a pump, and two that each machine calls otherwise: neither sure nor alike.
    for (machine, letter) in (101..126).zip('A'..) {
        let odd = [format!("QQ{letter}"), format!("QZ{letter}")];
        let parts = [("DISCH_PRESS", "psi"), ("MTR_AMPS", "A"), (odd[0].as_str(), ""), (odd[1].as_str(), "")];
        site.add_named(&format!("P-{machine}"), &parts).await;
    }
    let _worker = Worker::start(&site);
    site.analyse().await;
    let first = site.suggestions(SuggestionStatus::Pending).await;
    assert!(first.iter().all(|s| s.purpose == Purpose::Learning), "{first:#?}");
    assert_eq!(first.len(), 20);
    site.store.expire_unanswered(Utc::now() + chrono::Duration::days(31)).await.expect("expire");
    site.analyse().await;
    let next = site.suggestions(SuggestionStatus::Pending).await;
    assert_eq!(next.len(), 5, "{next:#?}");
    assert!(next.iter().all(|s| s.purpose == Purpose::Learning));
}

#[tokio::test]
async fn look_alikes_that_nothing_fits_become_a_pattern_that_then_finds_the_others() {
    let site = Site::new().await;
    let parts = [("SHELL", ""), ("CALCINE", ""), ("SINTER", ""), ("CLINKER", "")];
    for kiln in ["KILN-201", "KILN-202", "KILN-203"] {
        site.add_named(kiln, &parts).await;
    }
    let _worker = Worker::start(&site);
    site.analyse().await;
    let asked = site.suggestions(SuggestionStatus::Pending).await;
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!(asked[0].purpose, Purpose::NewPattern);
    let approve = DecisionRequest::Approve(ApproveRequest::default());
    let approved = site.store.decide(asked[0].id, &approve, "anna", None, Utc::now()).await.expect("approve");
    assert_eq!(
        approved.equipment_question().and_then(|q| q.equipment.clone()).expect("equipment").name,
        asked[0].subject.label
    );
    until("the other two are asked about", || async {
        let pending = site.suggestions(SuggestionStatus::Pending).await;
        pending.len() == 2 && pending.iter().all(|s| s.pattern.name == asked[0].pattern.name)
    })
    .await;
}

/// Three machines of a kind that the library lacks, of which it has some parts.
async fn dryers() -> (Site, Worker) {
    let site = Site::new().await;
    let parts = [
        ("STACK_TEMP", "degC"),
        ("MOISTURE", "%"),
        ("DRAFT", "Pa"),
        ("DRUM_SPEED", "rpm"),
        ("BURNER_RATE", "%"),
        ("FEED_RATE", "t/h"),
    ];
    for dryer in ["D-701", "D-702", "D-703"] {
        site.add_named(dryer, &parts).await;
    }
    let worker = Worker::start(&site);
    site.analyse().await;
    (site, worker)
}

/// Answers what is asked next.
async fn approve_as(site: &Site, suggestion: Uuid, pattern: &str) -> Suggestion {
    let roles = ["Temperature", "Level", "Pressure"].into_iter().cycle();
    let points = points_of(site, suggestion).await;
    let library = site.store.library::<EquipmentPattern>().await.expect("library");
    let approve = ApproveRequest {
        pattern_id: library.iter().find(|known| known.spec.name == pattern).map(|known| known.id),
        role_assignments: Some(points.iter().map(|p| p.id).zip(roles.map(|r| Some(r.to_owned()))).collect()),
        ..ApproveRequest::default()
    };
    let approve = DecisionRequest::Approve(approve);
    site.store.decide(suggestion, &approve, "anna", None, Utc::now()).await.expect("approve");
    until("one question is asked again", || async {
        site.suggestions(SuggestionStatus::Pending).await.len() == 1
    })
    .await;
    site.suggestions(SuggestionStatus::Pending).await.remove(0)
}

#[tokio::test]
async fn one_answer_lifts_no_look_alikes_and_leaves_the_question_about_a_new_kind() {
    let (site, _worker) = dryers().await;
    let asked = site.suggestions(SuggestionStatus::Pending).await;
    assert_eq!(asked.len(), 1, "one question about the three: {asked:#?}");
    assert_eq!(asked[0].purpose, Purpose::NewPattern);

    // Somebody takes the first for a tank, which it is not.
    let after = approve_as(&site, asked[0].id, "Storage Tank").await;
    assert_eq!(after.purpose, Purpose::NewPattern, "{after:#?}");
    assert_ne!(after.subject.id, asked[0].subject.id);
    assert!(after.reason.contains("D-701 was approved as Storage Tank"), "{}", after.reason);

    // A second one who says so is believed.
    let last = approve_as(&site, after.id, "Storage Tank").await;
    assert_eq!((last.pattern.name.as_str(), last.purpose), ("Storage Tank", Purpose::Match), "{last:#?}");
}

#[tokio::test]
async fn a_new_kind_can_be_named_in_place_of_what_is_proposed() {
    let (site, _worker) = dryers().await;
    let asked = site.suggestions(SuggestionStatus::Pending).await;
    let points = points_of(&site, asked[0].id).await;
    let approve = ApproveRequest {
        pattern_name: Some("Drum Dryer".into()),
        role_assignments: Some(points.iter().map(|p| (p.id, p.role.clone())).collect()),
        ..ApproveRequest::default()
    };
    approve_and_learn(&site, asked[0].id, approve).await;
    let after = site.suggestions(SuggestionStatus::Pending).await;
    let names: Vec<&str> = after.iter().map(|s| s.pattern.name.as_str()).collect();
    assert_eq!(names, ["Drum Dryer", "Drum Dryer"], "{after:#?}");
    // One dryer was shown, and everything that is known of the kind is from it.
    assert!(after.iter().all(|s| s.purpose == Purpose::Learning), "{after:#?}");
}

#[tokio::test]
async fn after_a_rejection_the_next_best_is_asked_and_after_two_nothing_more() {
    let site = Site::new().await;
    site.add_named("P-101", &[("DISCH_PRESS", "psi"), ("SUCT_PRESS", "psi"), ("QQA", ""), ("QZA", "")]).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    assert_eq!(pending[0].pattern.name, "Centrifugal Pump");
    let reject = DecisionRequest::Reject(RejectRequest::default());
    site.store.decide(pending[0].id, &reject, "ben", None, Utc::now()).await.expect("reject");
    until("a compressor is asked about", || async {
        let pending = site.suggestions(SuggestionStatus::Pending).await;
        pending.iter().any(|s| s.pattern.name == "Reciprocating Compressor")
    })
    .await;
    let next = site.suggestions(SuggestionStatus::Pending).await;
    site.store.decide(next[0].id, &reject, "ben", None, Utc::now()).await.expect("reject");
    let twice = "select count(*) / 2 from job_runs where job = 'learning' and status = 'succeeded'";
    site.until_any(twice).await;
    assert_eq!(site.suggestions(SuggestionStatus::Pending).await, []);
}

#[tokio::test]
async fn what_was_taken_out_of_a_machine_is_asked_about_by_itself() {
    let site = Site::new().await;
    let pump = [("SUCT_PRESS", "psi"), ("DISCH_PRESS", "psi"), ("FLOW", "gpm"), ("MTR_AMPS", "A")];
    let room = [("ZN_TEMP", "degF"), ("ZN_TEMP_SP", "degF"), ("DMPR_POS", "%"), ("ZN_CO2", "ppm")];
    site.add_named("P-101", &[pump, room].concat()).await;
    let _worker = Worker::start(&site);
    site.analyse().await;
    let mixed = site.suggestions(SuggestionStatus::Pending).await.remove(0);
    let points = points_of(&site, mixed.id).await;
    let is_room = |name: &str| room.iter().any(|(part, _)| name.ends_with(part));
    let (out, own): (Vec<_>, Vec<_>) = points.iter().partition(|point| is_room(&point.name));
    assert_eq!((out.len(), own.len()), (4, 4));
    let approve = ApproveRequest {
        pattern_name: Some("Little Pump".into()),
        role_assignments: Some(own.iter().map(|point| (point.id, Some(point.name.clone()))).collect()),
        excluded_points: out.iter().map(|point| point.id).collect(),
        ..ApproveRequest::default()
    };
    approve_and_learn(&site, mixed.id, approve).await;
    let asked = site.suggestions(SuggestionStatus::Pending).await;
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let points = points_of(&site, asked[0].id).await;
    assert!(points.len() == 4 && points.iter().all(|point| is_room(&point.name)), "{points:#?}");
}

/// The only suggestion about look-alikes.
async fn the_look_alikes(site: &Site) -> pattern_core::domain::Suggestion {
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    let alike: Vec<_> = pending.into_iter().filter(|s| of(s).kind == ClusterKind::LookAlikes).collect();
    assert_eq!(alike.len(), 1, "{alike:#?}");
    alike.into_iter().next().expect("one")
}

#[tokio::test]
async fn look_alikes_that_stand_alone_are_one_question_and_one_answer() {
    let site = Site::new().await;
    site.add_points().await;
    for window in ["WIN-1", "WIN-22", "WIN-35", "WIN-48"] {
        site.add_named(window, &[("CONTACT", "")]).await;
    }
    let _worker = Worker::start(&site);
    site.analyse().await;
    let asked = the_look_alikes(&site).await;
    assert_eq!(of(&asked).point_count, 4);
    assert!(asked.reason.contains("4 points are called alike"), "{}", asked.reason);

    let points = points_of(&site, asked.id).await;
    let approve = ApproveRequest {
        pattern_name: Some("Window".into()),
        role_assignments: Some(points.iter().map(|p| (p.id, Some("Contact".to_owned()))).collect()),
        ..ApproveRequest::default()
    };
    approve_and_learn(&site, asked.id, approve).await;
    assert_eq!(site.count("select count(*) from equipment where status = 'active'").await, 4);
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    assert!(pending.iter().all(|s| of(s).kind != ClusterKind::LookAlikes), "asked again: {pending:#?}");

    site.add_named("WIN-51", &[("CONTACT", "")]).await;
    site.analyse().await;
    let again = the_look_alikes(&site).await;
    assert_eq!((again.pattern.name.as_str(), again.purpose), ("Window", Purpose::Match), "{again:#?}");
}

#[tokio::test]
async fn meters_that_an_answer_told_apart_are_not_grouped_on_the_next_panel() {
    let site = Site::new().await;
    for panel in ["LP-1", "LP-2", "LP-3"] {
        site.add_named(panel, &[("ROOMSOUTH", "kW"), ("ROOMNORTH", "kW"), ("KITCHEN", "kW")]).await;
    }
    let _worker = Worker::start(&site);
    site.analyse().await;
    let groups = "select count(*) from clusters where kind = 'equipment' and status = 'active'";
    assert_eq!(site.count(groups).await, 3);
    let pending = site.suggestions(SuggestionStatus::Pending).await;
    let panel = pending.iter().find(|s| of(s).kind == ClusterKind::Equipment).expect("a panel");
    let points = points_of(&site, panel.id).await;
    let approve = ApproveRequest {
        pattern_name: Some("Meter".into()),
        role_assignments: Some(points.iter().map(|p| (p.id, Some("Power".to_owned()))).collect()),
        equipment_names: points.iter().map(|p| (p.id, format!("meter {}", p.name))).collect(),
        ..ApproveRequest::default()
    };
    approve_and_learn(&site, panel.id, approve).await;
    assert_eq!(site.count(groups).await, 0, "the other panels are no machines either");
    let alike = "select count(*) from clusters where kind = 'look_alikes' and status = 'active'";
    assert_eq!(site.count(alike).await, 3, "each kind of meter is asked about by itself");
}

#[tokio::test]
async fn a_site_that_was_mostly_wrong_is_less_sure_after_fifty_answers() {
    let (site, _worker) = analysed().await;
    let sure = |pending: &[pattern_core::domain::Suggestion]| {
        pending.iter().filter(|s| s.purpose == Purpose::Match).count()
    };
    assert!(sure(&site.suggestions(SuggestionStatus::Pending).await) > 0);
    // Sixty that were as sure as the first one and turned out to be something else.
    sqlx::query(
        "insert into suggestions (id, data_source_id, kind, subject_kind, subject_id, subject_label, content, pattern_id,
                                  pattern_version, purpose, status, confidence, scores, reason, members, expires_at,
                                  answer_within)
         select gen_random_uuid(), data_source_id, kind, subject_kind, subject_id, subject_label, content, pattern_id,
                pattern_version, purpose, 'approved', confidence, scores, reason, '{}', expires_at, answer_within
         from (select * from suggestions order by confidence desc limit 1) first, generate_series(1, 60)",
    )
    .execute(site.store.pool())
    .await
    .expect("answers");
    site.analyse().await;
    assert_eq!(sure(&site.suggestions(SuggestionStatus::Pending).await), 0);
}

/// The cluster that a suggestion of equipment is about.
fn of(suggestion: &Suggestion) -> &ClusterRef {
    &suggestion.equipment_question().expect("a suggestion of equipment").cluster
}

async fn points_of(site: &Site, suggestion: Uuid) -> Vec<SuggestedPoint> {
    match site.store.suggestion_detail(suggestion).await.expect("detail").members {
        MemberRows::Equipment(points) => points,
        MemberRows::Episode(_) => panic!("a suggestion of an episode"),
    }
}
