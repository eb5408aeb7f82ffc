//! The review queue: what a decision changes, and that it changes it once.

use chrono::{DateTime, Duration, SubsecRound, Utc};
use pattern_core::{
    domain::*,
    library::{PatternSpec, RoleSpec},
};
use pattern_embedded::testing::until;
use pattern_store::{jobs::Fence, *};
use sqlx::Connection;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

use crate::support::TestStore;

const SITE: &str = "north";

/// A site with two pumps (three points each), a library of two patterns, nothing proposed yet.
struct Plant {
    store: Arc<TestStore>,
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
        Self::at(SITE, Arc::new(TestStore::create().await)).await
    }

    async fn at(site: &str, store: Arc<TestStore>) -> Self {
        // Whole seconds, as they come back from the database.
        let now = Utc::now().trunc_subsecs(0);
        let points: Vec<NewPoint> = ["P-101", "P-102"]
            .iter()
            .flat_map(|p| ["SUCT", "DISC", "FLOW"].map(|part| NewPoint::named(format!("{p}.{part}"))))
            .collect();
        let source = store.register_points(site, &points).await.expect("points").data_source_id;
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

    /// The same points and some more, as the same pattern.
    fn grown(&self, pattern: &LibraryPattern, newcomer: Uuid) -> NewSuggestion {
        let mut question = self.question(0, pattern, 0.9);
        question.point_ids.push(newcomer);
        question.roles.push(SuggestedRoleRow { point_id: newcomer, role: "Current".into(), score: 0.8 });
        question
    }

    fn draft(&self, cluster: usize) -> NewSuggestion {
        let draft = spec("Skid", &["Suction", "Discharge", "Flow"]);
        NewSuggestion {
            pattern: None,
            purpose: Purpose::NewPattern,
            draft: Some(serde_json::to_value(draft).expect("draft")),
            ..self.question(cluster, &self.pump, 0.5)
        }
    }

    async fn propose_one(&self, question: NewSuggestion) -> Uuid {
        assert_eq!(self.propose(&[question]).await.created, 1);
        self.open().await[0].id
    }

    async fn undo(&self, id: Uuid) -> Suggestion {
        self.decide(id, DecisionRequest::Undo(UndoRequest::default())).await.expect("undo")
    }

    async fn fold(&self) -> Folded {
        self.store.fold_evidence(Fence::open(), Utc::now()).await.expect("fold")
    }

    async fn confidence_of(&self, pattern: &LibraryPattern) -> f64 {
        self.store.pattern(pattern.id).await.expect("pattern").confidence
    }

    async fn role_of(&self, point: Uuid) -> Option<String> {
        let bindings = self.store.active_bindings(self.source).await.expect("bindings");
        bindings.into_iter().find(|b| b.point_id == point).map(|b| b.role)
    }

    /// Whoever needs the pattern's row waits until the connection is dropped.
    async fn hold(&self, pattern: &LibraryPattern) -> sqlx::PgConnection {
        let options = self.store.pool().connect_options();
        let mut holder = sqlx::PgConnection::connect_with(&options).await.expect("connect");
        sqlx::query("begin").execute(&mut holder).await.expect("begin");
        let lock = sqlx::query("select id from patterns where id = $1 for no key update");
        lock.bind(pattern.id).execute(&mut holder).await.expect("lock");
        holder
    }

    async fn until_waiting(&self, connections: i64) {
        until("they wait for the row", || async {
            self.count(
                "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'",
            )
            .await
                == connections
        })
        .await;
    }

    /// The causes of the updates of a pattern, oldest first.
    async fn told_of(&self, pattern: &LibraryPattern) -> Vec<String> {
        sqlx::query_scalar(
            "select event::jsonb #>> '{data,cause}' from outbox
             where aggregateid = $1 and type = 'PatternUpdated' order by ordinal",
        )
        .bind(pattern.id)
        .fetch_all(self.store.pool())
        .await
        .expect("events")
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

fn defer() -> DecisionRequest {
    DecisionRequest::Defer(DeferRequest::default())
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
async fn two_machines_of_one_name_are_not_taken_for_one() {
    let plant = Plant::new().await;
    sqlx::query("update clusters set label = 'AHU-1'").execute(plant.store.pool()).await.expect("label");
    plant.propose(&[plant.question(0, &plant.pump, 0.9), plant.question(1, &plant.pump, 0.8)]).await;
    let open = plant.open().await;
    plant.decide(open[0].id, approve()).await.expect("approve");
    let refused = plant.decide(open[1].id, approve()).await.expect_err("another machine");
    assert!(refused.to_string().contains("exists already with other points"), "{refused}");

    let mut same = ApproveRequest { equipment_name: Some("AHU-1".into()), ..ApproveRequest::default() };
    let refused = plant.decide(open[1].id, DecisionRequest::Approve(same.clone())).await;
    let refused = refused.expect_err("its roles are taken").to_string();
    assert!(refused.contains("role 'Discharge' of AHU-1 is taken by point P-101"), "{refused}");

    let others = plant.clusters[1].points.iter().map(|p| (p.id, Some(format!("Second {}", p.name))));
    same.role_assignments = Some(others.collect());
    plant.decide(open[1].id, DecisionRequest::Approve(same)).await.expect("one machine after all");
    assert_eq!(plant.count("select count(*) from equipment").await, 1);
    assert_eq!(plant.store.active_bindings(plant.source).await.expect("bindings").len(), 6);
}

#[tokio::test]
async fn each_undo_takes_back_what_its_own_approval_said_of_a_point() {
    let plant = Plant::new().await;
    let (shared, newcomer) = (plant.clusters[0].points[0].id, plant.clusters[1].points[0].id);
    let first = plant.propose_one(plant.question(0, &plant.pump, 0.9)).await;
    plant.decide(first, approve()).await.expect("approve");
    let second = plant.propose_one(plant.grown(&plant.pump, newcomer)).await;
    let leak = || {
        DecisionRequest::Approve(ApproveRequest {
            role_assignments: Some(BTreeMap::from([(shared, Some("Leak".to_owned()))])),
            ..ApproveRequest::default()
        })
    };
    plant.decide(second, leak()).await.expect("extend");
    assert_eq!(plant.role_of(shared).await.as_deref(), Some("Leak"));

    plant.undo(second).await;
    assert_eq!(plant.role_of(shared).await.as_deref(), Some("Suction"), "the first answer holds again");
    assert_eq!(plant.role_of(newcomer).await, None);

    plant.decide(second, leak()).await.expect("extend again");
    plant.undo(first).await;
    assert_eq!(plant.role_of(shared).await.as_deref(), Some("Leak"), "the second answer stands");
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
    let theirs = PatternSpec { description: "ours".into(), ..shipped.clone() };
    let load = async |spec: &PatternSpec, source| {
        plant.store.load_library(std::slice::from_ref(spec), source, Utc::now()).await.expect("load")
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
    let lower = |name, roles: &[&str]| PatternSpec { confidence: 0.6, ..spec(name, roles) };
    let specs = [lower("Pump", &["Suction", "Discharge", "Flow"]), lower("Fan", &["Speed", "Flow"])];
    plant.store.load_library(&specs, PatternSource::Library, Utc::now()).await.expect("load");
    assert!((plant.confidence_of(&plant.fan).await - 0.6).abs() < 1e-6);
    let approved = plant.confidence_of(&plant.pump).await;
    assert!((0.601..0.7).contains(&approved), "{approved}");
    assert_eq!(plant.told_of(&plant.fan).await, ["specification changed"]);
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
