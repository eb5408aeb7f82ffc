//! What the library takes from decisions, and from people.

use super::*;

#[tokio::test]
async fn a_suggestion_of_a_new_pattern_makes_it_when_approved() {
    let plant = Plant::new().await;
    let mut question = plant.question(0, &plant.pump, 0.5);
    question.pattern = None;
    question.purpose = Purpose::NewPattern;
    question.draft = Some(spec("Skid", &["Suction", "Discharge", "Flow"]).into());
    plant.propose(&[question]).await;
    let open = plant.open().await;
    assert_eq!((open[0].pattern.id, open[0].pattern.name.as_str()), (None, "Skid"));
    let named = ApproveRequest { pattern_name: Some("Dosing Skid".into()), ..ApproveRequest::default() };
    plant.decide(open[0].id, DecisionRequest::Approve(named)).await.expect("approve");
    let learned = plant.store.list_patterns(None, None, None, 50).await.expect("patterns");
    let skid = learned.iter().find(|p| p.name == "Dosing Skid").expect("learned");
    assert_eq!(skid.source, PatternSource::Learned);
}

#[tokio::test]
async fn a_reviewer_may_name_what_the_library_lacks() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let named = |roles: BTreeMap<Uuid, Option<String>>| {
        DecisionRequest::Approve(ApproveRequest {
            pattern_name: Some("Dosing Skid".into()),
            role_assignments: Some(roles),
            ..ApproveRequest::default()
        })
    };
    let error = plant.decide(id, named(BTreeMap::new())).await.expect_err("it has no roles");
    assert!(error.to_string().contains("needs roles"), "{error}");
    let points = &plant.clusters[0].points;
    let roles = [(points[0].id, Some("Dose Rate".to_owned())), (points[1].id, Some("Tank Level".to_owned()))];
    plant.decide(id, named(roles.into())).await.expect("approve");
    let patterns = plant.store.list_patterns(None, None, None, 50).await.expect("patterns");
    let skid = patterns.iter().find(|p| p.name == "Dosing Skid").expect("it was made");
    assert_eq!(skid.source, PatternSource::Learned);
    let roles: Vec<&str> = skid.roles.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(roles, ["Dose Rate", "Tank Level"]);
    let bound = plant.store.active_bindings(plant.source).await.expect("bindings");
    assert!(bound.iter().all(|b| b.pattern_id == skid.id) && bound.len() == 2, "{bound:?}");
}

#[tokio::test]
async fn another_priority_is_no_news_but_changes_the_order() {
    let plant = Plant::new().await;
    let mut questions = [plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)];
    plant.propose(&questions).await;
    let before = plant.open().await;
    questions[1].priority = 5.0;
    let change = plant.propose(&questions).await;
    assert_eq!((change.changed, change.unchanged), (0, 2));
    let after = plant.open().await;
    assert_eq!([after[0].id, after[1].id], [before[1].id, before[0].id]);
    assert_eq!(after[0].version, before[1].version);
}

#[tokio::test]
async fn an_undo_while_evidence_is_folded_leaves_no_trace_in_the_confidence() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let before = plant.confidence_of(&plant.pump).await;
    plant.decide(id, approve()).await.expect("approve");
    let holder = plant.hold(&plant.pump).await;
    let undo_while_it_waits = async {
        plant.until_waiting(1).await;
        plant.undo(id).await;
        drop(holder);
    };
    tokio::join!(plant.fold(), undo_while_it_waits);
    plant.fold().await;
    assert!((plant.confidence_of(&plant.pump).await - before).abs() < 1e-6);
    assert_eq!(plant.count("select count(*) from evidence where folded_at is null").await, 0);
}

#[tokio::test]
async fn of_two_folds_at_once_neither_forgets_what_the_other_counts() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)]).await;
    let open = plant.open().await;
    plant.decide(open[0].id, approve()).await.expect("approve");
    let holder = plant.hold(&plant.pump).await;
    let early = plant.fold();
    let late = async {
        plant.until_waiting(1).await;
        plant.decide(open[1].id, reject()).await.expect("reject");
        let release = async {
            plant.until_waiting(2).await;
            drop(holder);
        };
        tokio::join!(plant.fold(), release).0
    };
    let (early, late) = tokio::join!(early, late);
    assert_eq!(early.patterns_changed + late.patterns_changed, 1);
    let pump = plant.store.pattern(plant.pump.id).await.expect("pump");
    assert!((pump.support - 2.0).abs() < 1e-6, "{pump:?}");
    assert_eq!(plant.told_of(&plant.pump).await.len(), 1);
}

#[tokio::test]
async fn a_learned_pattern_goes_with_its_last_equipment_and_comes_back_when_approved_again() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.draft(0)).await;
    let skids = "select count(*) from patterns where name = 'Skid' and status = 'active'";
    let retired = "select count(*) from outbox where type = 'PatternRetired'";
    plant.decide(id, approve()).await.expect("approve");
    assert_eq!((plant.count(skids).await, plant.count(retired).await), (1, 0));
    plant.undo(id).await;
    assert_eq!((plant.count(skids).await, plant.count(retired).await), (0, 1));
    plant.decide(id, approve()).await.expect("approve again");
    assert_eq!(plant.count(skids).await, 1);
}

#[tokio::test]
async fn a_learned_pattern_stays_while_other_equipment_is_one() {
    let plant = Plant::new().await;
    plant.propose(&[plant.draft(0), plant.question(1, &plant.pump, 0.8)]).await;
    let open = plant.open().await;
    let draft = open.iter().find(|s| s.pattern.id.is_none()).expect("the draft").id;
    let other = open.iter().find(|s| s.pattern.id.is_some()).expect("the other").id;
    plant.decide(draft, approve()).await.expect("approve");
    let patterns = plant.store.list_patterns(None, None, None, 50).await.expect("patterns");
    let skid = patterns.iter().find(|p| p.name == "Skid").expect("learned").id;
    let corrected = ApproveRequest { pattern_id: Some(skid), ..ApproveRequest::default() };
    plant.decide(other, DecisionRequest::Approve(corrected)).await.expect("approve");
    plant.undo(draft).await;
    assert_eq!(plant.store.pattern(skid).await.expect("skid").status, PatternStatus::Active);
}

#[tokio::test]
async fn the_pattern_that_was_corrected_is_told_so() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let fan = ApproveRequest { pattern_id: Some(plant.fan.id), ..ApproveRequest::default() };
    plant.decide(id, DecisionRequest::Approve(fan)).await.expect("correct");
    assert_eq!(plant.fold().await, Folded { facts: 2, patterns_changed: 2 });
    let told = plant.told_of(&plant.pump).await;
    assert!(told[0].starts_with("correction of P-101: confidence 0.80 → 0."), "{told:?}");
    assert!(plant.told_of(&plant.fan).await[0].starts_with("approval of P-101"));
}

#[tokio::test]
async fn of_two_new_patterns_of_one_name_at_once_one_is_refused() {
    let plant = Plant::new().await;
    plant.propose(&[plant.draft(0), plant.draft(1)]).await;
    let open = plant.open().await;
    let (a, b) = tokio::join!(plant.decide(open[0].id, approve()), plant.decide(open[1].id, approve()));
    let refused = a.and(b).expect_err("one has to be refused").to_string();
    assert!(refused.contains("pattern 'Skid' exists already"), "{refused}");
    assert_eq!(plant.count("select count(*) from equipment").await, 1);
}

#[tokio::test]
async fn each_site_adds_a_role_of_its_own_and_the_pattern_tells() {
    let north = Plant::new().await;
    let south = Plant::at("south", north.store.clone()).await;
    for plant in [&north, &south] {
        plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
        let id = plant.open().await[0].id;
        let wear = ApproveRequest {
            role_assignments: Some(BTreeMap::from([(
                plant.clusters[0].points[0].id,
                Some("Belt Wear".to_owned()),
            )])),
            ..ApproveRequest::default()
        };
        plant.decide(id, DecisionRequest::Approve(wear)).await.expect("approve");
    }
    let pump = north.store.pattern(north.pump.id).await.expect("pump");
    let sites: Vec<_> = pump.roles.iter().filter_map(|role| role.data_source.as_deref()).collect();
    assert_eq!(sites, ["north", "south"]);
    assert_eq!(pump.version, 3);
    assert_eq!(north.told_of(&north.pump).await, ["north added Belt Wear", "south added Belt Wear"]);
}

#[tokio::test]
async fn what_a_person_loaded_outlives_the_next_start_of_a_service() {
    let plant = Plant::new().await;
    let shipped = spec("Pump", &["Suction", "Discharge", "Flow"]);
    let theirs = EquipmentPattern { description: "ours".into(), ..shipped.clone() };
    let load = async |spec: &EquipmentPattern, source| {
        plant.store.load_library(&[spec.clone().into()], source, Utc::now()).await.expect("load")
    };
    assert_eq!(load(&theirs, PatternSource::Imported).await.updated, 1);
    assert_eq!(load(&shipped, PatternSource::Library).await.unchanged, 1);
    let kept = plant.store.pattern(plant.pump.id).await.expect("pump");
    assert_eq!((kept.description.as_str(), kept.source), ("ours", PatternSource::Imported));
}

#[tokio::test]
async fn a_changed_prior_moves_the_confidence_at_once_and_evidence_still_counts() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    plant.decide(id, approve()).await.expect("approve");
    plant.fold().await;
    let lower = |name, roles: &[&str]| EquipmentPattern { confidence: 0.6, ..spec(name, roles) };
    let specs = [lower("Pump", &["Suction", "Discharge", "Flow"]), lower("Fan", &["Speed", "Flow"])]
        .map(PatternSpec::from);
    plant.store.load_library(&specs, PatternSource::Library, Utc::now()).await.expect("load");
    assert!((plant.confidence_of(&plant.fan).await - 0.6).abs() < 1e-6);
    let approved = plant.confidence_of(&plant.pump).await;
    assert!((0.601..0.7).contains(&approved), "{approved}");
    assert_eq!(plant.told_of(&plant.fan).await, ["specification changed"]);
}

#[tokio::test]
async fn decided_suggestions_tell_how_sure_they_were_and_whether_they_were_right() {
    let plant = Plant::new().await;
    let right = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    plant.decide(right, approve()).await.expect("approve");
    let corrected = plant.propose_one(plant.question(1, &plant.fan, 0.6)).await;
    let pump = ApproveRequest {
        pattern_id: Some(plant.pump.id),
        role_assignments: Some(BTreeMap::from([(plant.clusters[1].points[0].id, Some("Suction".into()))])),
        ..ApproveRequest::default()
    };
    plant.decide(corrected, DecisionRequest::Approve(pump)).await.expect("correct");
    let decided = || async {
        plant.store.decided_confidences(plant.source, PatternKind::Equipment, 10).await.expect("decided")
    };
    assert_eq!(decided().await, [(0.6, false), (0.9, true)], "newest first");
    plant.undo(right).await;
    assert_eq!(decided().await, [(0.6, false)], "what was taken back tells nothing");
}
