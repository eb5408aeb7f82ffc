//! The review queue: what a decision changes, and that it changes it once.

use chrono::{DateTime, Duration, Utc};
use pattern_core::{
    domain::*,
    library::{PatternSpec, RoleSpec},
};
use pattern_store::{jobs::Fence, *};
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::support::TestStore;

const SITE: &str = "north";

/// A site with two pumps (three points each), a library of two patterns, nothing proposed yet.
struct Plant {
    store: TestStore,
    source: Uuid,
    pump: LibraryPattern,
    fan: LibraryPattern,
    clusters: Vec<Cluster>,
    now: DateTime<Utc>,
}

fn spec(name: &str, roles: &[&str]) -> PatternSpec {
    let roles = roles.iter().map(|role| RoleSpec { name: (*role).into(), ..RoleSpec::default() }).collect();
    PatternSpec { name: name.into(), category: name.into(), confidence: 0.8, roles, ..PatternSpec::default() }
}

impl Plant {
    async fn new() -> Self {
        let store = TestStore::create().await;
        let now = Utc::now();
        let points: Vec<NewPoint> = ["P-101", "P-102"]
            .iter()
            .flat_map(|p| ["SUCT", "DISC", "FLOW"].map(|part| NewPoint::named(format!("{p}.{part}"))))
            .collect();
        let source = store.register_points(SITE, &points).await.expect("points").data_source_id;
        let specs = [spec("Pump", &["Suction", "Discharge", "Flow"]), spec("Fan", &["Speed", "Flow"])];
        store.load_library(&specs, PatternSource::Library, now).await.expect("library");
        let library = store.library().await.expect("library");
        let named = |name| library.iter().find(|p| p.spec.name == name).expect("pattern").clone();
        let stored = store.stored_points(source).await.expect("points");
        let found: Vec<FoundCluster> = ["P-101", "P-102"]
            .iter()
            .map(|label| FoundCluster {
                label: (*label).into(),
                cohesion: 0.9,
                point_ids: stored.iter().filter(|p| p.name.starts_with(label)).map(|p| p.id).collect(),
                ..FoundCluster::default()
            })
            .collect();
        store
            .replace_clusters(source, ClusterKind::Equipment, &found, Fence::open(), now)
            .await
            .expect("clusters");
        let mut clusters = store.active_clusters(source, ClusterKind::Equipment).await.expect("clusters");
        clusters.sort_by(|a, b| a.label.cmp(&b.label));
        let (pump, fan) = (named("Pump"), named("Fan"));
        Self { store, source, pump, fan, clusters, now }
    }

    fn question(&self, cluster: usize, pattern: &LibraryPattern, confidence: f64) -> NewSuggestion {
        let cluster = &self.clusters[cluster];
        let roles = cluster.points.iter().zip(&pattern.spec.roles);
        NewSuggestion {
            cluster_id: cluster.id,
            pattern: Some((pattern.id, pattern.version)),
            purpose: Purpose::Match,
            confidence,
            scores: Scores::default(),
            reason: "looks like it".into(),
            point_ids: cluster.points.iter().map(|p| p.id).collect(),
            roles: roles
                .map(|(p, role)| SuggestedRoleRow { point_id: p.id, role: role.name.clone(), score: 0.9 })
                .collect(),
            draft: None,
        }
    }

    async fn propose(&self, questions: &[NewSuggestion]) -> ProposeChange {
        self.store
            .propose(self.source, questions, Duration::days(30), Fence::open(), self.now)
            .await
            .expect("propose")
    }

    async fn open(&self) -> Vec<Suggestion> {
        self.with_status(SuggestionStatus::Pending).await
    }

    async fn with_status(&self, status: SuggestionStatus) -> Vec<Suggestion> {
        let filter = SuggestionFilter { status: Some(status), limit: 50, ..SuggestionFilter::default() };
        self.store.list_suggestions(&filter).await.expect("list").items
    }

    async fn decide(&self, id: Uuid, request: DecisionRequest) -> Result<Suggestion, DecideError> {
        self.store.decide(id, &request, "anna", None, Utc::now()).await
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.store.pool()).await.expect("count")
    }

    async fn event_types(&self) -> Vec<String> {
        sqlx::query_scalar("select type from outbox where aggregatetype = 'suggestion' order by ordinal")
            .fetch_all(self.store.pool())
            .await
            .expect("events")
    }
}

fn approve() -> DecisionRequest {
    DecisionRequest::Approve(ApproveRequest::default())
}

fn reject() -> DecisionRequest {
    DecisionRequest::Reject(RejectRequest { version: None, reason: "it is a fan".into() })
}

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
async fn an_approval_writes_equipment_bindings_evidence_and_event_together() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    let approved = plant.decide(id, approve()).await.expect("approve");
    assert_eq!(approved.status, SuggestionStatus::Approved);
    assert_eq!(approved.equipment.expect("equipment").name, "P-101");
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

#[tokio::test]
async fn a_decision_on_an_older_version_is_refused() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    plant.propose(&[plant.question(0, &plant.pump, 0.8)]).await;
    let id = plant.open().await[0].id;
    let stale = DecisionRequest::Approve(ApproveRequest { version: Some(1), ..ApproveRequest::default() });
    assert!(matches!(plant.decide(id, stale).await, Err(DecideError::Conflict { version: 2, .. })));
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
    question.cluster_id = other_id;
    let change = plant.propose(&[question]).await;
    assert_eq!((change.created, change.remembered), (0, 1));
    // Another pattern may still be asked.
    let mut question = plant.question(0, &plant.fan, 0.95);
    question.cluster_id = other_id;
    assert_eq!(plant.propose(&[question]).await.created, 1);
}

#[tokio::test]
async fn an_undo_retracts_everything_and_adds_nothing_opposite() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    plant.decide(id, approve()).await.expect("approve");
    let undone = plant.decide(id, DecisionRequest::Undo(UndoRequest::default())).await.expect("undo");
    assert_eq!((undone.status, undone.equipment), (SuggestionStatus::Pending, None));
    assert!(plant.store.active_bindings(plant.source).await.expect("bindings").is_empty());
    assert_eq!(plant.count("select count(*) from evidence").await, 1);
    assert_eq!(plant.count("select count(*) from evidence where retracted_at is null").await, 0);
    assert_eq!(plant.count("select count(*) from equipment where status = 'active'").await, 0);
    // And it can be decided again.
    plant.decide(id, approve()).await.expect("approve again");
    assert_eq!(plant.store.active_bindings(plant.source).await.expect("bindings").len(), 3);
    plant.decide(id, DecisionRequest::Undo(UndoRequest::default())).await.expect("undo again");
    plant.decide(id, reject()).await.expect("reject");
    assert_eq!(plant.count("select count(*) from rejections where retracted_at is null").await, 1);
}

#[tokio::test]
async fn a_point_belongs_to_one_piece_of_equipment_per_category() {
    let plant = Plant::new().await;
    let shared = plant.clusters[0].points[0].id;
    let mut second = plant.question(1, &plant.pump, 0.8);
    second.point_ids.push(shared);
    plant.propose(&[plant.question(0, &plant.pump, 0.9), second]).await;
    let open = plant.open().await;
    plant.decide(open[0].id, approve()).await.expect("approve");
    let greedy = ApproveRequest {
        role_assignments: Some(BTreeMap::from([(shared, Some("Leak".to_owned()))])),
        ..ApproveRequest::default()
    };
    let refused =
        plant.decide(open[1].id, DecisionRequest::Approve(greedy)).await.expect_err("must be refused");
    assert!(refused.to_string().contains("P-101"), "{refused}");
    assert_eq!(plant.open().await.len(), 1, "the refused decision left nothing behind");
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
async fn the_same_role_twice_is_refused_in_words() {
    let plant = Plant::new().await;
    plant.propose(&[plant.question(0, &plant.pump, 0.9)]).await;
    let id = plant.open().await[0].id;
    let points = &plant.clusters[0].points;
    let twice = ApproveRequest {
        role_assignments: Some(points.iter().map(|p| (p.id, Some("Flow".to_owned()))).collect()),
        ..ApproveRequest::default()
    };
    let refused = plant.decide(id, DecisionRequest::Approve(twice)).await.expect_err("must be refused");
    assert!(refused.to_string().contains("two points"), "{refused}");
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
    grown.point_ids.push(newcomer);
    grown.roles = vec![SuggestedRoleRow { point_id: newcomer, role: "Current".into(), score: 0.8 }];
    assert_eq!(plant.propose(&[grown]).await.created, 1);
    let extended = plant.decide(plant.open().await[0].id, approve()).await.expect("extend");
    assert_eq!(extended.equipment.expect("equipment").name, "P-101");
    assert_eq!(plant.count("select count(*) from equipment").await, 1);
    assert_eq!(plant.store.active_bindings(plant.source).await.expect("bindings").len(), 4);
}

#[tokio::test]
async fn a_suggestion_of_a_new_pattern_makes_it_when_approved() {
    let plant = Plant::new().await;
    let mut question = plant.question(0, &plant.pump, 0.5);
    question.pattern = None;
    question.purpose = Purpose::NewPattern;
    question.draft =
        Some(serde_json::to_value(spec("Skid", &["Suction", "Discharge", "Flow"])).expect("draft"));
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
