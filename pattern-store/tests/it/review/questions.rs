//! What is asked, and what is not asked again.

use super::*;

#[tokio::test]
async fn proposing_the_same_again_changes_nothing_and_tells_nothing() {
    let plant = Plant::new().await;
    let questions = [plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)];
    assert_eq!(plant.propose(&questions).await.created, 2);
    let told = plant.event_types().await;
    let again = plant.propose(&questions).await;
    assert_eq!((again.unchanged, again.created, again.changed), (2, 0, 0));
    assert_eq!(plant.event_types().await, told);
}

#[tokio::test]
async fn a_score_that_moved_is_shown_also_where_the_confidence_stayed() {
    let plant = Plant::new().await;
    let named = |name| NewSuggestion {
        scores: [("name", Some(name))].into(),
        ..plant.question(0, &plant.pump, 0.99)
    };
    plant.propose(&[named(0.85)]).await;
    assert_eq!(plant.propose(&[named(0.95)]).await.changed, 1);
    assert_eq!(plant.open().await[0].scores.part("name"), Some(0.95));
}

#[tokio::test]
async fn a_rejection_is_remembered_for_the_points_whatever_the_cluster_is_called() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    plant.decide(plant.open().await[0].id, reject()).await.expect("reject");
    // The same points come back as another cluster.
    let found = FoundCluster {
        id: Some(Uuid::new_v4()),
        label: "other".into(),
        cohesion: 0.5,
        point_ids: plant.clusters[0].points.iter().map(|p| p.id).collect(),
        ..FoundCluster::default()
    };
    let other_id = found.id.expect("set");
    let store = &plant.store;
    store
        .replace_clusters(plant.source, ClusterKind::Equipment, &[found], Fence::open(), plant.now)
        .await
        .expect("clusters");
    let mut question = plant.question(0, &plant.pump, 0.95);
    question.subject.id = other_id;
    let change = plant.propose(&[question]).await;
    assert_eq!((change.created, change.remembered), (0, 1));
    // Another pattern may still be asked.
    let mut question = plant.question(0, &plant.fan, 0.95);
    question.subject.id = other_id;
    assert_eq!(plant.propose(&[question]).await.created, 1);
}

#[tokio::test]
async fn an_unanswered_suggestion_expires_and_is_not_asked_again_unchanged() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let later = plant.now + Duration::days(31);
    assert_eq!(plant.store.expire_unanswered(later).await.expect("expire"), 1);
    let again = plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    assert_eq!((again.created, again.remembered), (0, 1));
}

#[tokio::test]
async fn an_approved_cluster_asks_again_only_for_points_that_are_new() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    plant.decide(plant.open().await[0].id, approve()).await.expect("approve");
    let mut grown = plant.question(0, &plant.pump, 0.9);
    let newcomer = plant.clusters[1].points[0].id;
    grown.members.push(newcomer);
    roles(&mut grown).clear();
    grown.fits.clear();
    place(&mut grown, newcomer, "Current");
    assert_eq!(plant.propose(&[grown]).await.created, 1);
    let extended = plant.decide(plant.open().await[0].id, approve()).await.expect("extend");
    assert_eq!(equipment(&extended).expect("equipment").name, "P-101");
    assert_eq!(plant.count("select count(*) from equipment").await, 1);
    assert_eq!(plant.store.active_bindings(plant.source).await.expect("bindings").len(), 4);
}

#[tokio::test]
async fn what_two_answers_have_told_together_is_not_asked_again_as_one() {
    let plant = Plant::new().await;
    let halves = [plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.9)];
    plant.propose(&halves).await;
    for half in plant.open().await {
        plant.decide(half.id, approve()).await.expect("approve");
    }
    let [mut both, other] = halves;
    both.members.extend(other.members);
    both.fits.extend(other.fits);
    let settled = plant.store.settled_questions(plant.source).await.expect("settled");
    assert_eq!(settled.answer(&both), Some(Answer::Approved));
    plant.undo(plant.with_status(SuggestionStatus::Approved).await[0].id).await;
    let settled = plant.store.settled_questions(plant.source).await.expect("settled");
    assert_eq!(settled.answer(&both), None, "one half is open again");
}

#[tokio::test]
async fn what_an_approval_excluded_is_asked_about_on_its_own() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let out = [plant.clusters[0].points[0].id, plant.clusters[0].points[1].id];
    let approve = ApproveRequest { excluded_points: out.into(), ..ApproveRequest::default() };
    plant.decide(id, DecisionRequest::Approve(approve)).await.expect("approve");
    let settled = plant.store.settled_questions(plant.source).await.expect("settled");
    assert!(!settled.is_known(&out), "nobody said what they are");
    assert!(settled.is_known(&[plant.clusters[0].points[2].id]));
}

#[tokio::test]
async fn clusters_keep_their_id_and_tell_only_what_changed() {
    let plant = Plant::new().await;
    let store = &plant.store;
    let mut found: Vec<FoundCluster> = plant
        .clusters
        .iter()
        .map(|c| FoundCluster {
            id: Some(c.id),
            label: c.label.clone(),
            cohesion: c.cohesion,
            point_ids: c.points.iter().map(|p| p.id).collect(),
            ..FoundCluster::default()
        })
        .collect();
    let kind = ClusterKind::Equipment;
    let same =
        store.replace_clusters(plant.source, kind, &found, Fence::open(), plant.now).await.expect("same");
    assert_eq!(same, GenerationChange { unchanged: 2, ..GenerationChange::default() });
    found[0].point_ids.pop();
    found.truncate(1);
    let change =
        store.replace_clusters(plant.source, kind, &found, Fence::open(), plant.now).await.expect("change");
    assert_eq!(change, GenerationChange { changed: 1, dissolved: 1, ..GenerationChange::default() });
    assert_eq!(store.active_clusters(plant.source, kind).await.expect("active")[0].id, plant.clusters[0].id);
}

#[tokio::test]
async fn a_corrected_cluster_that_grows_is_asked_about_as_what_it_was_corrected_to() {
    let plant = Plant::new().await;
    let id = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    let fan = ApproveRequest { pattern_id: Some(plant.fan.id), ..ApproveRequest::default() };
    plant.decide(id, DecisionRequest::Approve(fan)).await.expect("correct");
    let newcomer = plant.clusters[1].points[0].id;
    let change =
        plant.propose(&[plant.grown(&plant.pump, newcomer), plant.grown(&plant.fan, newcomer)]).await;
    assert_eq!((change.created, change.remembered), (1, 1));
    assert_eq!(plant.open().await[0].pattern.name, "Fan");
}

#[tokio::test]
async fn an_unanswered_question_is_asked_again_when_it_has_become_surer() {
    for (purpose, confidence, asked) in
        [(Purpose::Learning, 0.65, 0), (Purpose::Learning, 0.71, 1), (Purpose::Match, 0.65, 1)]
    {
        let plant = Plant::new().await;
        let question =
            |purpose, confidence| NewSuggestion { purpose, ..plant.question(0, &plant.pump, confidence) };
        plant.propose_one(question(Purpose::Learning, 0.6)).await;
        plant.store.expire_unanswered(plant.now + Duration::days(31)).await.expect("expire");
        assert_eq!(plant.propose(&[question(purpose, confidence)]).await.created, asked, "{confidence}");
    }
}

#[tokio::test]
async fn a_run_that_began_before_an_undo_leaves_the_reopened_suggestion_alone() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    plant.decide(id, approve()).await.expect("approve");
    plant.decide(id, DecisionRequest::Undo(UndoRequest::default())).await.expect("undo");
    // What it read was settled then, so it proposes nothing.
    assert_eq!(plant.propose(&[]).await.expired, 0);
    assert_eq!(plant.open().await[0].id, id);
}
