//! What a decision changes, and that it changes it once.

use super::*;

#[tokio::test]
async fn an_approval_writes_equipment_bindings_evidence_and_event_together() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    let approved = plant.decide(id, approve()).await.expect("approve");
    assert_eq!(approved.status, SuggestionStatus::Approved);
    assert_eq!(equipment(&approved).expect("equipment").name, "P-101");
    assert_eq!(plant.store.active_bindings(plant.source).await.expect("bindings").len(), 3);
    assert_eq!(plant.count("select count(*) from evidence where favourable and folded_at is null").await, 1);
    assert_eq!(plant.event_types().await, ["SuggestionCreated", "SuggestionApproved"]);
    assert_eq!(plant.count("select count(*) from job_runs where job = 'learning'").await, 1);
}

#[tokio::test]
async fn of_two_people_who_decide_at_once_one_wins_and_the_other_learns_who() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    let (yes, no) = (approve(), reject());
    let (a, b) = tokio::join!(
        plant.store.decide(id, &yes, "anna", None, Utc::now()),
        plant.store.decide(id, &no, "ben", None, Utc::now())
    );
    let (winner, loser) = if a.is_ok() { ("anna", b) } else { ("ben", a) };
    match loser {
        Err(DecideError::Conflict { decided_by, .. }) => assert_eq!(decided_by, winner),
        other => panic!("one has to lose: {other:?}"),
    }
    assert_eq!(plant.count("select count(*) from decisions").await, 1);
}

fn approve_as_seen(version: i64) -> DecisionRequest {
    DecisionRequest::Approve(ApproveRequest { version: Some(version), ..ApproveRequest::default() })
}

#[tokio::test]
async fn new_scores_are_no_conflict() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    plant.propose(&[plant.question(0, &plant.pump, 0.8)]).await;
    plant.propose(&[NewSuggestion { reason: "so".into(), ..plant.question(0, &plant.pump, 0.7) }]).await;
    let seen = plant.open().await.remove(0);
    assert_eq!((seen.version, seen.content_version), (3, 1));
    let approved = plant.decide(id, approve_as_seen(1)).await.expect("what was seen is what is there");
    assert_eq!((approved.version, approved.content_version), (4, 4));
}

#[tokio::test]
async fn other_points_roles_or_a_drafts_other_name_are_a_conflict() {
    let plant = Plant::new().await;
    let pump = || plant.question(0, &plant.pump, 0.9);
    let newcomer = plant.clusters[1].points[0].id;
    let mut fewer_roles = pump();
    roles(&mut fewer_roles).pop_last();
    for (first, second) in [(pump(), plant.grown(&plant.pump, newcomer)), (pump(), fewer_roles)] {
        plant.propose(&[first]).await;
        let seen = plant.open().await.remove(0);
        plant.propose(&[second]).await;
        let refused = plant.decide(seen.id, approve_as_seen(seen.version)).await;
        assert!(
            matches!(refused, Err(DecideError::Conflict { version, .. }) if version == seen.version + 1),
            "{refused:?}"
        );
        assert!(matches!(
            plant.decide(seen.id, approve_as_seen(99)).await,
            Err(DecideError::Conflict { .. })
        ));
    }
    let called = |name: &str| {
        let spec = EquipmentPattern { confidence: 0.1, ..spec(name, &["Suction", "Discharge", "Flow"]) };
        NewSuggestion { draft: Some(spec.into()), ..plant.draft(1) }
    };
    plant.propose(&[pump(), called("Skid")]).await;
    let skid = |open: Vec<Suggestion>| open.into_iter().find(|s| s.pattern.id.is_none()).expect("the draft");
    let seen = skid(plant.open().await);
    plant.propose(&[pump(), NewSuggestion { confidence: 0.6, ..called("Skid") }]).await;
    assert_eq!(skid(plant.open().await).content_version, seen.content_version);
    plant.propose(&[pump(), called("Skid of pumps")]).await;
    let refused = plant.decide(seen.id, approve_as_seen(seen.version)).await;
    assert!(matches!(refused, Err(DecideError::Conflict { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_deferral_can_be_taken_back_and_teaches_nothing() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let deferred = plant.decide(id, defer()).await.expect("defer");
    plant.propose(&[plant.question(0, &plant.pump, 0.7)]).await;
    let undo = UndoRequest { version: Some(deferred.version) };
    let again = plant.decide(id, DecisionRequest::Undo(undo)).await.expect("undo");
    assert_eq!(again.status, SuggestionStatus::Pending);
    assert_eq!(plant.count("select count(*) from job_runs where job = 'learning'").await, 0);
    let twice = plant.decide(id, DecisionRequest::Undo(UndoRequest::default())).await;
    assert!(matches!(twice, Err(DecideError::Conflict { .. })), "{twice:?}");
}

#[tokio::test]
async fn the_same_key_answers_the_same_without_acting_twice() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    let key = |hash: &str| Idempotency { key: "k1".into(), route: "approve".into(), body_hash: hash.into() };
    let first = plant.store.decide(id, &approve(), "anna", Some(&key("a")), Utc::now()).await.expect("first");
    let again = plant.store.decide(id, &approve(), "anna", Some(&key("a")), Utc::now()).await.expect("again");
    assert_eq!(first, again);
    assert_eq!(plant.count("select count(*) from decisions").await, 1);
    let other = plant.store.decide(id, &reject(), "anna", Some(&key("b")), Utc::now()).await;
    assert!(matches!(other, Err(DecideError::KeyReused)));
}

#[tokio::test]
async fn an_approval_expires_the_rivals_for_the_same_cluster() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(0, &plant.fan, 0.8)]).await;
    let pump = plant.open().await.into_iter().find(|s| s.pattern.name == "Pump").expect("pump");
    plant.decide(pump.id, approve()).await.expect("approve");
    assert!(plant.open().await.is_empty());
    assert_eq!(plant.with_status(SuggestionStatus::Expired).await[0].pattern.name, "Fan");
    // The next run asks neither again.
    let again =
        plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(0, &plant.fan, 0.8)]).await;
    assert_eq!((again.created, again.remembered), (0, 2));
}

#[tokio::test]
async fn an_undo_retracts_everything_and_adds_nothing_opposite() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    plant.decide(id, approve()).await.expect("approve");
    let undone = plant.decide(id, DecisionRequest::Undo(UndoRequest::default())).await.expect("undo");
    assert_eq!((undone.status, equipment(&undone)), (SuggestionStatus::Pending, None));
    assert!(plant.store.active_bindings(plant.source).await.expect("bindings").is_empty());
    assert_eq!(plant.count("select count(*) from evidence").await, 1);
    assert_eq!(plant.count("select count(*) from evidence where retracted_at is null").await, 0);
    assert_eq!(plant.count("select count(*) from equipment where status = 'active'").await, 0);
    // And it can be decided again.
    plant.decide(id, approve()).await.expect("approve again");
    assert_eq!(plant.store.active_bindings(plant.source).await.expect("bindings").len(), 3);
    plant.decide(id, DecisionRequest::Undo(UndoRequest::default())).await.expect("undo again");
    plant.decide(id, reject()).await.expect("reject");
    assert_eq!(plant.with_status(SuggestionStatus::Rejected).await.len(), 1);
}

#[tokio::test]
async fn a_correction_teaches_both_patterns_and_a_foreign_role_becomes_the_sites_own() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    let points = &plant.clusters[0].points;
    let corrected = ApproveRequest {
        pattern_id: Some(plant.fan.id),
        role_assignments: Some(BTreeMap::from([
            (points[0].id, Some("Speed".to_owned())),
            (points[1].id, Some("Belt Wear".to_owned())),
            (points[2].id, None),
        ])),
        ..ApproveRequest::default()
    };
    plant.decide(id, DecisionRequest::Approve(corrected)).await.expect("approve");
    assert_eq!(plant.count("select count(*) from evidence where favourable").await, 1);
    assert_eq!(plant.count("select count(*) from evidence where not favourable").await, 1);
    let fan = plant.store.pattern(plant.fan.id).await.expect("fan");
    let own = fan.roles.iter().find(|r| r.name == "Belt Wear").expect("the site's own role");
    assert_eq!(own.data_source.as_deref(), Some(SITE));
}

#[tokio::test]
async fn a_deferred_suggestion_comes_back_when_its_time_has_come() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    let until = Some(Utc::now() + Duration::hours(1));
    plant.decide(id, DecisionRequest::Defer(DeferRequest { version: None, until })).await.expect("defer");
    let store = &plant.store;
    assert_eq!(store.reopen_due_deferrals(Utc::now()).await.expect("reopen"), 0);
    assert_eq!(store.reopen_due_deferrals(Utc::now() + Duration::hours(2)).await.expect("reopen"), 1);
    assert_eq!(plant.open().await[0].id, id);
}

#[tokio::test]
async fn two_corrections_to_one_pattern_at_once_do_not_stop_each_other() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)]).await;
    let open = plant.open().await;
    let corrected = || {
        let fan = ApproveRequest { pattern_id: Some(plant.fan.id), ..ApproveRequest::default() };
        DecisionRequest::Approve(fan)
    };
    let holder = plant.hold(&plant.fan).await;
    let release = async {
        plant.until_waiting(2).await;
        drop(holder);
    };
    let (first, second, ()) =
        tokio::join!(plant.decide(open[0].id, corrected()), plant.decide(open[1].id, corrected()), release);
    first.expect("the first");
    second.expect("the second");
    assert_eq!(plant.count("select count(*) from equipment").await, 2);
}

#[tokio::test]
async fn a_deferred_suggestion_does_not_expire_before_its_time_has_come() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let day = |n| plant.now + Duration::days(n);
    let defer = DecisionRequest::Defer(DeferRequest { version: None, until: Some(day(40)) });
    plant.store.decide(id, &defer, "anna", None, day(25)).await.expect("defer");
    assert_eq!(plant.store.expire_unanswered(day(69)).await.expect("expire"), 0);
    assert_eq!(plant.store.expire_unanswered(day(71)).await.expect("expire"), 1);
}

#[tokio::test]
async fn an_undo_gives_the_same_time_to_answer_however_often() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    for round in [10, 20] {
        let now = plant.now + Duration::days(round);
        plant.store.decide(id, &approve(), "anna", None, now).await.expect("approve");
        let undo = DecisionRequest::Undo(UndoRequest::default());
        let reopened = plant.store.decide(id, &undo, "anna", None, now).await.expect("undo");
        assert_eq!((reopened.expires_at - now).num_days(), 30);
    }
}

#[tokio::test]
async fn a_conflict_names_who_changed_the_suggestion_last_and_when() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(0, &plant.fan, 0.8)]).await;
    let open = plant.open().await;
    let day = |n| plant.now + Duration::days(n);
    let last_change = async |id| match plant.store.decide(id, &reject(), "carl", None, day(50)).await {
        Err(DecideError::Conflict { decided_by, decided_at, .. }) => {
            (decided_by, (decided_at - plant.now).num_days())
        }
        other => panic!("it has expired: {other:?}"),
    };
    plant.store.decide(open[1].id, &defer(), "ben", None, day(1)).await.expect("defer");
    plant.store.decide(open[0].id, &approve(), "anna", None, day(2)).await.expect("approve");
    assert_eq!(last_change(open[1].id).await, ("anna".into(), 2));

    let id = plant.propose_one(plant.question(1, &plant.pump, 0.9)).await;
    plant.store.decide(id, &defer(), "ben", None, day(3)).await.expect("defer");
    plant.store.expire_unanswered(day(40)).await.expect("expire");
    assert_eq!(last_change(id).await, ("engine".into(), 40));
}
