//! pattern-matching: what each cluster is, and which questions to put to a person.

use chrono::Duration;
use pattern_core::{
    domain::{Cluster, ClusterKind, DataSource, JobName, Purpose},
    matching::{Matcher, PointFeatures, Proposal, SiteMemory},
};
use pattern_store::{
    ActiveBinding, Answer, LibraryPattern, NewSuggestion, SettledQuestions, StoredPoint, SuggestedRoleRow,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

use super::{Outcome, Stage, StageError, new_pattern, version_of};

/// Below this confidence an answer teaches little: the cluster is simply something else.
const LEARNING_FLOOR: f64 = 0.3;

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    stage.store.reopen_due_deferrals(stage.now).await?;
    let clusters = stage.store.active_clusters(source.id, ClusterKind::Equipment).await?;
    let library = stage.store.library().await?;
    let bindings = stage.store.active_bindings(source.id).await?;
    let points = stage.store.stored_points(source.id).await?;
    let fingerprints = stage.store.fingerprint_versions(source.id).await?;
    let settled = stage.store.settled_questions(source.id).await?;
    let answers = stage.store.decision_count(source.id).await?;
    let (threshold, learning_limit) =
        (stage.engine.detection_threshold_score, stage.engine.learning_suggestions);
    let input = {
        let clusters = clusters.iter().map(|c| format!("{}/{}", c.id, c.version));
        let library = library.iter().map(|p| format!("{}/{}", p.id, p.version));
        let labels = points.iter().map(|p| format!("{}/{}\0{}\0{}", p.id, p.name, p.unit, p.description));
        let mut prints: Vec<String> = fingerprints.iter().map(|(id, v)| format!("{id}/{v}")).collect();
        prints.sort_unstable();
        let rest = [format!("{threshold}/{learning_limit}/{answers}/{}", settled.count())];
        version_of(clusters.chain(library).chain(labels).chain(prints).chain(rest))
    };
    stage
        .unless_unchanged(JobName::PatternMatching, source, &input, async {
            let features = features(points, stage.store.fingerprints(source.id).await?);
            let site = site_memory(&bindings, &library, &features);
            let asking = Asking { library: &library, site: &site, settled: &settled, threshold };
            let questions = asking.questions(&clusters, &features, learning_limit);
            let count = |purpose| questions.iter().filter(|q| q.purpose == purpose).count();
            let (matches, learning, new) =
                (count(Purpose::Match), count(Purpose::Learning), count(Purpose::NewPattern));
            let answer_within = Duration::days(stage.engine.suggestion_expiration_days);
            let change =
                stage.store.propose(source.id, &questions, answer_within, stage.fence, stage.now).await?;
            Ok(json!({
                "clusters": clusters.len(),
                "match": matches,
                "learning": learning,
                "new_pattern": new,
                "suggestions": change,
            }))
        })
        .await
}

type FeaturesById = HashMap<Uuid, PointFeatures>;

fn features(points: Vec<StoredPoint>, mut fingerprints: HashMap<Uuid, Value>) -> FeaturesById {
    points
        .into_iter()
        .map(|p| {
            let fingerprint = fingerprints.remove(&p.id).and_then(|body| serde_json::from_value(body).ok());
            let features = PointFeatures {
                id: p.id,
                name: p.name,
                unit: p.unit,
                description: p.description,
                fingerprint,
            };
            (p.id, features)
        })
        .collect()
}

/// What the approvals of this data source taught.
fn site_memory(bindings: &[ActiveBinding], library: &[LibraryPattern], points: &FeaturesById) -> SiteMemory {
    let names: HashMap<Uuid, &str> = library.iter().map(|p| (p.id, p.spec.name.as_str())).collect();
    let mut by_equipment: BTreeMap<Uuid, Vec<&ActiveBinding>> = BTreeMap::new();
    for binding in bindings {
        by_equipment.entry(binding.equipment_id).or_default().push(binding);
    }
    let mut site = SiteMemory::default();
    site.observe(points.values());
    for bound in by_equipment.values() {
        let siblings: Vec<&str> = bound.iter().map(|b| b.point_name.as_str()).collect();
        for binding in bound {
            if let (Some(pattern), Some(point)) =
                (names.get(&binding.pattern_id), points.get(&binding.point_id))
            {
                site.learn(point, &siblings, pattern, &binding.role);
            }
        }
    }
    site
}

/// What is known before anything is asked.
struct Asking<'a> {
    library: &'a [LibraryPattern],
    site: &'a SiteMemory,
    settled: &'a SettledQuestions,
    threshold: f64,
}

impl Asking<'_> {
    fn questions(
        &self,
        clusters: &[Cluster],
        features: &FeaturesById,
        learning_limit: usize,
    ) -> Vec<NewSuggestion> {
        let mut questions = Vec::new();
        let mut unsure = Vec::new();
        let mut unmatched = Vec::new();
        let matcher = Matcher::new(self.library.iter().map(|p| (&p.spec, p.confidence)));
        for cluster in clusters {
            let points: Vec<PointFeatures> =
                cluster.points.iter().filter_map(|p| features.get(&p.id).cloned()).collect();
            match self.best(&matcher, cluster, &points) {
                Some((question, None)) if question.purpose == Purpose::Match => questions.push(question),
                Some((question, Some(_))) if question.purpose == Purpose::Match => {}
                best => {
                    unsure.extend(best.filter(|(_, answer)| answer.is_none()).map(|(question, _)| question));
                    if !self.settled.is_known(&member_ids(&points)) {
                        unmatched.push((cluster, points));
                    }
                }
            }
        }
        let mut new_patterns = new_pattern::questions(&unmatched);
        new_patterns.retain(|question| self.settled.answer(question).is_none());
        let asked: BTreeSet<Uuid> = new_patterns.iter().map(|q| q.cluster_id).collect();
        unsure.retain(|question| !asked.contains(&question.cluster_id));
        // The nearer to even odds, the more an answer teaches.
        unsure.sort_by(|a, b| {
            let (x, y) = ((a.confidence - 0.5).abs(), (b.confidence - 0.5).abs());
            x.total_cmp(&y).then(a.cluster_id.cmp(&b.cluster_id))
        });
        unsure.truncate(learning_limit);
        questions.extend(unsure);
        questions.extend(new_patterns);
        questions
    }

    /// The one question about a cluster: a second answer to it would mostly be wrong. What is settled
    /// makes room for the next best; a question that nobody had time for does not.
    fn best(
        &self,
        matcher: &Matcher,
        cluster: &Cluster,
        points: &[PointFeatures],
    ) -> Option<(NewSuggestion, Option<Answer>)> {
        self.library
            .iter()
            .zip(matcher.propose(points, Some(cluster.cohesion), self.site))
            .filter(|(_, proposal)| !proposal.roles.is_empty() && proposal.confidence >= LEARNING_FLOOR)
            .map(|(pattern, proposal)| {
                let sure = proposal.confidence >= self.threshold;
                let purpose = if sure { Purpose::Match } else { Purpose::Learning };
                let question = question(cluster, points, pattern, &proposal, purpose);
                let answer = self.settled.answer(&question);
                (question, answer)
            })
            .filter(|(_, answer)| matches!(answer, None | Some(Answer::Unanswered)))
            .max_by(|(a, _), (b, _)| a.confidence.total_cmp(&b.confidence).then(b.pattern.cmp(&a.pattern)))
    }
}

fn question(
    cluster: &Cluster,
    points: &[PointFeatures],
    pattern: &LibraryPattern,
    proposal: &Proposal,
    purpose: Purpose,
) -> NewSuggestion {
    let roles = proposal
        .roles
        .iter()
        .map(|role| SuggestedRoleRow {
            point_id: points[role.point].id,
            role: role.role.clone(),
            score: role.score,
        })
        .collect();
    NewSuggestion {
        cluster_id: cluster.id,
        pattern: Some((pattern.id, pattern.version)),
        purpose,
        confidence: proposal.confidence,
        scores: proposal.scores,
        reason: proposal.reason.clone(),
        point_ids: member_ids(points),
        roles,
        draft: None,
    }
}

/// Sorted, so that the same members always make the same question.
pub(super) fn member_ids(points: &[PointFeatures]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = points.iter().map(|p| p.id).collect();
    ids.sort_unstable();
    ids
}
