//! The review queue: what a decision changes, and that it changes it once.

mod decisions;
mod episodes;
mod equipment;
mod learning;
mod questions;
mod together;

use chrono::{DateTime, Duration, SubsecRound, Utc};
use pattern_core::{
    domain::*,
    library::{EquipmentPattern, PatternSpec, RoleSpec},
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
    pump: LibraryPattern<EquipmentPattern>,
    fan: LibraryPattern<EquipmentPattern>,
    clusters: Vec<Cluster>,
    now: DateTime<Utc>,
}

fn spec(name: &str, roles: &[&str]) -> EquipmentPattern {
    let roles = roles.iter().map(|role| RoleSpec { name: (*role).into(), ..RoleSpec::default() }).collect();
    EquipmentPattern {
        name: name.into(),
        category: name.into(),
        confidence: 0.8,
        roles,
        ..EquipmentPattern::default()
    }
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
        let specs = [spec("Pump", &["Suction", "Discharge", "Flow"]), spec("Fan", &["Speed", "Flow"])]
            .map(PatternSpec::from);
        store.load_library(&specs, PatternSource::Library, now).await.expect("library");
        let library = store.library::<EquipmentPattern>().await.expect("library");
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

    fn question(
        &self,
        cluster: usize,
        pattern: &LibraryPattern<EquipmentPattern>,
        confidence: f64,
    ) -> NewSuggestion {
        let cluster = &self.clusters[cluster];
        let roles = cluster.points.iter().zip(&pattern.spec.roles);
        let row = |(p, role): (&ClusterPoint, &RoleSpec)| SuggestedRoleRow {
            point_id: p.id,
            role: role.name.clone(),
            score: 0.9,
        };
        let (content, fits) = placed(roles.map(row).collect(), None);
        NewSuggestion {
            subject: Subject { kind: SubjectKind::Cluster, id: cluster.id, label: cluster.label.clone() },
            pattern: Some((pattern.id, pattern.version)),
            purpose: Purpose::Match,
            priority: confidence,
            confidence,
            scores: Scores::default(),
            reason: "looks like it".into(),
            members: cluster.points.iter().map(|p| p.id).collect(),
            content,
            fits,
            draft: None,
        }
    }

    async fn propose(&self, questions: &[NewSuggestion]) -> ProposeChange {
        self.store
            .propose(
                self.source,
                PatternKind::Equipment,
                questions,
                Duration::days(30),
                Fence::open(),
                self.now,
            )
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
    fn grown(&self, pattern: &LibraryPattern<EquipmentPattern>, newcomer: Uuid) -> NewSuggestion {
        let mut question = self.question(0, pattern, 0.9);
        question.members.push(newcomer);
        place(&mut question, newcomer, "Current");
        question
    }

    fn draft(&self, cluster: usize) -> NewSuggestion {
        let draft = spec("Skid", &["Suction", "Discharge", "Flow"]);
        NewSuggestion {
            pattern: None,
            purpose: Purpose::NewPattern,
            draft: Some(draft.into()),
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

    async fn confidence_of(&self, pattern: &LibraryPattern<EquipmentPattern>) -> f64 {
        self.store.pattern(pattern.id).await.expect("pattern").confidence
    }

    async fn role_of(&self, point: Uuid) -> Option<String> {
        let bindings = self.store.active_bindings(self.source).await.expect("bindings");
        bindings.into_iter().find(|b| b.point_id == point).map(|b| b.role)
    }

    /// Whoever needs the pattern's row waits until the connection is dropped.
    async fn hold(&self, pattern: &LibraryPattern<EquipmentPattern>) -> sqlx::PgConnection {
        let options = self.store.pool().connect_options();
        let mut holder = sqlx::PgConnection::connect_with(&options).await.expect("connect");
        sqlx::query("begin").execute(&mut holder).await.expect("begin");
        let lock = sqlx::query("select id from patterns where id = $1 for no key update");
        lock.bind(pattern.id).execute(&mut holder).await.expect("lock");
        holder
    }

    async fn until_waiting(&self, connections: i64) {
        until("they wait for the row", || async { self.waiting().await == connections }).await;
    }

    /// How many connections wait for a lock.
    async fn waiting(&self) -> i64 {
        self.count(
            "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'",
        )
        .await
    }

    /// The causes of the updates of a pattern, oldest first.
    async fn told_of(&self, pattern: &LibraryPattern<EquipmentPattern>) -> Vec<String> {
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

/// What an approval made.
fn equipment(suggestion: &Suggestion) -> Option<EquipmentRef> {
    suggestion.equipment_question().and_then(|question| question.equipment.clone())
}

/// The roles that are proposed.
fn roles(question: &mut NewSuggestion) -> &mut BTreeMap<Uuid, String> {
    let Content::Equipment(content) = &mut question.content else { panic!("no question about equipment") };
    &mut content.roles
}

/// Proposes one more point in a role.
fn place(question: &mut NewSuggestion, point: Uuid, role: &str) {
    roles(question).insert(point, role.into());
    question.fits.insert(point, 0.8);
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
