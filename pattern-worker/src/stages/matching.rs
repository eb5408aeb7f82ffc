//! pattern-matching: what each cluster is, what happened, and which questions to put to a person.

use pattern_core::domain::{Cluster, ClusterKind, DataSource, JobName, PatternKind, Purpose};
use pattern_core::library::EquipmentPattern;
use pattern_equipment::matching::{PointFeatures, Proposal};
use pattern_store::{
    Answer, LibraryPattern, NewSuggestion, SettledQuestions, SuggestedRoleRow, off_thread, placed,
};
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::{
    events,
    lesson::by_lesson,
    new_pattern,
    new_pattern::{Fit, Unmatched},
    question::{member_ids, subject},
    stage::{Outcome, Stage, StageError},
};
use crate::{
    input_version::version_of,
    knowledge::{Knowledge, SiteRecords},
    opinions::{Taken, opinions},
};

/// A cluster that was rejected so often is most likely no equipment at all.
const HOPELESS: usize = 2;
/// What is less likely is no help to whoever answers. Where names mean nothing, nothing is likely, and still worth an
/// answer.
const LEARNING_FLOOR: f64 = 0.01;
/// More likely than not.
const LIKELY: f64 = 0.5;

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    stage.store.reopen_due_deferrals(stage.now).await?;
    let equipment = equipment(stage, source).await?;
    match (equipment, events::run(stage, source).await?) {
        (equipment, Outcome::Unchanged) => Ok(equipment),
        (Outcome::Done(mut result), Outcome::Done(episodes)) => {
            result["episodes"] = episodes;
            Ok(Outcome::Done(result))
        }
        (Outcome::Unchanged, Outcome::Done(episodes)) => {
            let job = JobName::PATTERN_MATCHING.as_str();
            let nothing_found = stage.store.nothing_found(source.id, job).await?;
            Ok(Outcome::Done(json!({ "episodes": episodes, "nothing_found": nothing_found })))
        }
    }
}

async fn equipment(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let known = SiteRecords::read(&stage.store, source.id).await?;
    let settled = stage.store.settled_questions(source.id).await?;
    let answers = stage.store.decision_count(source.id, PatternKind::Equipment).await?;
    let (threshold, learning_limit) =
        (stage.engine.detection_threshold_score, stage.engine.learning_suggestions);
    let input = {
        let rest = format!("{threshold}/{learning_limit}/{answers}/{}", settled.count());
        version_of([known.version(), rest])
    };
    stage
        .unless_unchanged(JobName::PATTERN_MATCHING.as_str(), source, &input, async move {
            let fingerprints = stage.store.fingerprints(source.id).await?;
            let readings = stage.readings.clone();
            let (clusters, questions, opinions, nothing_found) = off_thread(move || {
                let known = Knowledge::new(known, fingerprints, threshold, &readings);
                let asking = Asking { known: &known, settled: &settled, threshold };
                let considered = asking.considered();
                let opinions = opinions(&known, &taken(&considered));
                let questions = asking.questions(considered, learning_limit);
                let nothing_found = questions.is_empty().then(|| asking.why_nothing());
                (known.clusters.len() + known.look_alikes.len(), questions, opinions, nothing_found)
            })
            .await?;
            let other_opinions = stage.store.set_opinions(source.id, &opinions, stage.fence).await?;
            let count = |purpose| questions.iter().filter(|q| q.purpose == purpose).count();
            let (matches, learning, new) =
                (count(Purpose::Match), count(Purpose::Learning), count(Purpose::NewPattern));
            let change = stage.propose(source, PatternKind::Equipment, &questions).await?;
            let mut result = json!({
                "clusters": clusters,
                "match": matches,
                "learning": learning,
                "new_pattern": new,
                "suggestions": change,
                "other_opinions": other_opinions,
            });
            if let Some(reason) = nothing_found {
                result["nothing_found"] = json!(reason);
            }
            Ok(result)
        })
        .await
}

/// What is known before anything is asked.
struct Asking<'a> {
    known: &'a Knowledge,
    settled: &'a SettledQuestions,
    threshold: f64,
}

/// A cluster with what could be asked about it.
struct Considered<'a> {
    cluster: &'a Cluster,
    points: Vec<PointFeatures>,
    /// The likeliest pattern that fits at all, by its name.
    likeliest: Option<(&'a str, Proposal)>,
    /// The question that is best to ask, and how it was answered before.
    best: Option<(NewSuggestion, Option<Answer>)>,
}

/// Of look-alikes each is of a machine of its own: what they are taken for together is no opinion about one.
fn taken<'a>(considered: &'a [Considered<'a>]) -> Vec<Taken<'a>> {
    let of_equipment = considered.iter().filter(|one| one.cluster.kind == ClusterKind::Equipment);
    let taken = |one: &'a Considered| Taken {
        cluster: one.cluster,
        points: &one.points,
        best: one.likeliest.as_ref().map(|(pattern, proposal)| (*pattern, proposal)),
    };
    of_equipment.map(taken).collect()
}

impl<'a> Asking<'a> {
    fn considered(&self) -> Vec<Considered<'a>> {
        let clusters = self.known.clusters.par_iter().chain(&self.known.look_alikes);
        clusters.map(|cluster| self.consider(cluster)).collect()
    }

    fn questions(&self, considered: Vec<Considered>, learning_limit: usize) -> Vec<NewSuggestion> {
        let mut questions = Vec::new();
        let mut unsure = Vec::new();
        let mut unmatched = Vec::new();
        for Considered { cluster, points, best, .. } in considered {
            match best {
                Some((question, None)) if question.purpose == Purpose::Match => questions.push(question),
                Some((question, Some(_))) if question.purpose == Purpose::Match => {}
                best => {
                    let members = member_ids(&points);
                    let is_known = self.settled.is_known(&members);
                    let said = self.known.spelled_out(&points);
                    let nothing_fits = best.is_none() && !is_known;
                    let fit = self.fit(&members, best.as_ref().map(|(question, _)| question));
                    let unanswered =
                        best.filter(|(_, answer)| answer.is_none()).map(|(question, _)| question);
                    let this = Unmatched { cluster, points, said, fit };
                    if self.settled.rejections(&members) < HOPELESS {
                        unsure.extend(unanswered);
                        if cluster.kind == ClusterKind::LookAlikes && nothing_fits {
                            unsure.push(new_pattern::about_look_alikes(&this));
                        }
                    }
                    if cluster.kind == ClusterKind::Equipment && this.fit != Fit::Settled {
                        unmatched.push(this);
                    }
                }
            }
        }
        let mut kinds = new_pattern::questions(&unmatched);
        kinds.retain(|kind| self.settled.answer(&kind.question).is_none());
        // The others of the group are not asked about one by one as what they hardly are.
        let asked: BTreeSet<Uuid> = kinds.iter().flat_map(|kind| kind.clusters.iter().copied()).collect();
        unsure.retain(|question| !asked.contains(&question.subject.id));
        questions.extend(unsure);
        questions.extend(kinds.into_iter().map(|kind| kind.question));
        by_lesson(self.known, self.settled, questions, learning_limit)
    }

    /// How far the library has a place for a cluster that nothing surely fits.
    fn fit(&self, members: &[Uuid], best: Option<&NewSuggestion>) -> Fit {
        let spec = |id| self.known.pattern(id).map(|pattern| &pattern.spec);
        if self.settled.is_known(members) {
            let approved = self.settled.approved_as(members).and_then(spec);
            let approved = approved.filter(|spec| !spec.is_learned());
            return approved.map_or(Fit::Settled, |spec| Fit::Approved(spec.name.clone()));
        }
        let Some((nearest, confidence)) =
            best.and_then(|question| Some((spec(question.pattern?.0)?, question.confidence)))
        else {
            return Fit::None;
        };
        if nearest.is_learned() && confidence >= LIKELY {
            return Fit::Settled;
        }
        Fit::Nearly(nearest.name.clone(), confidence)
    }

    /// Why there is no question.
    fn why_nothing(&self) -> String {
        let all = || self.known.clusters.iter().chain(&self.known.look_alikes);
        let is_decided = |cluster: &&Cluster| {
            let members = member_ids(&self.known.points_of(cluster));
            self.settled.is_known(&members) || self.settled.rejections(&members) >= HOPELESS
        };
        match (all().count(), all().filter(|cluster| !is_decided(cluster)).count()) {
            (0, _) => "no points belong together, so there is nothing to ask about".into(),
            (groups, 0) => format!("all that belongs together is decided ({groups} groups of points)"),
            (_, open) => format!(
                "no pattern of the library fits what is not decided ({open} groups of points), and too few of these \
                 look alike to make a new one"
            ),
        }
    }

    /// The one question about a cluster: a second answer to it would mostly be wrong. What is settled
    /// makes room for the next best; a question that nobody had time for does not.
    fn consider(&self, cluster: &'a Cluster) -> Considered<'a> {
        let points = self.known.points_of(cluster);
        let proposals: Vec<_> = self
            .known
            .proposals(cluster, &points)
            .filter(|(_, proposal)| !proposal.roles.is_empty())
            .collect();
        let worth_asking = proposals.iter().filter(|(_, proposal)| proposal.confidence >= LEARNING_FLOOR);
        let best = worth_asking
            .map(|(pattern, proposal)| {
                let sure = proposal.confidence >= self.threshold;
                let purpose = if sure { Purpose::Match } else { Purpose::Learning };
                let question = question(cluster, &points, pattern, proposal, purpose);
                let answer = self.settled.answer(&question);
                (question, answer)
            })
            .filter(|(_, answer)| matches!(answer, None | Some(Answer::Unanswered)))
            .max_by(|(a, _), (b, _)| a.confidence.total_cmp(&b.confidence).then(b.pattern.cmp(&a.pattern)));
        // Of equally likely ones the first of the library.
        let likeliest = proposals
            .into_iter()
            .rev()
            .max_by(|(_, a), (_, b)| a.confidence.total_cmp(&b.confidence))
            .map(|(pattern, proposal)| (pattern.spec.name.as_str(), proposal));
        Considered { cluster, points, likeliest, best }
    }
}

fn question(
    cluster: &Cluster,
    points: &[PointFeatures],
    pattern: &LibraryPattern<EquipmentPattern>,
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
    let (content, fits) = placed(roles, None);
    NewSuggestion {
        subject: subject(cluster),
        pattern: Some((pattern.id, pattern.version)),
        purpose,
        priority: 0.0,
        confidence: proposal.confidence,
        scores: proposal.scores.into(),
        reason: proposal.reason.clone(),
        members: member_ids(points),
        content,
        fits,
        draft: None,
    }
}
