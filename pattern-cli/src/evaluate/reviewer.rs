//! A reviewer who knows the labels and answers what the engine asks, in the engine's order.

use anyhow::{Result, bail};
use pattern_core::domain::{ClusterKind, DecisionAction, DetailBody, SuggestedPoint, Suggestion, Word};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

use super::{measure, trial::Trial, truth::Truth};

/// What the engine had learned after so many answers.
#[derive(Debug, Clone, Serialize)]
pub struct LearningStep {
    /// Suggestions that were answered.
    pub approvals: usize,
    /// Points whose role these answers confirmed.
    pub labels: usize,
    pub role_accuracy: Option<f64>,
    pub grouping_ari: f64,
}

/// Answers up to `limit` questions and measures on the way: after each of the first five, then after every
/// fifth.
pub async fn answer(trial: &Trial, truth: &Truth, limit: usize) -> Result<Vec<LearningStep>> {
    let mut reviewer = Reviewer { truth, library: trial.library().await? };
    let mut curve = vec![step(trial, truth, 0).await?];
    for answered in 1..=limit {
        let Some(asked) = trial.next_question().await? else { break };
        let (Some(question), DetailBody::Equipment(detail)) =
            (asked.suggestion.equipment_question(), &asked.detail)
        else {
            bail!("a question about equipment was answered with something else");
        };
        let kind = question.cluster.kind;
        let (action, body) = reviewer.decide(&asked.suggestion, kind, &detail.points);
        trial.decide(&asked.suggestion, action, &body).await?;
        if body.get("pattern_name").is_some() {
            reviewer.library = trial.library().await?;
        }
        tracing::info!(
            answered,
            cluster = asked.suggestion.subject.label,
            kind = kind.as_str(),
            points = detail.points.len(),
            confidence = asked.suggestion.confidence,
            priority = asked.suggestion.priority,
            action = action.as_str(),
            "answered"
        );
        if answered <= 5 || answered.is_multiple_of(5) || answered == limit {
            curve.push(step(trial, truth, answered).await?);
        }
    }
    Ok(curve)
}

async fn step(trial: &Trial, truth: &Truth, approvals: usize) -> Result<LearningStep> {
    let standing = trial.standing().await?;
    Ok(LearningStep {
        approvals,
        labels: standing.confirmed.len(),
        role_accuracy: measure::roles(&standing, truth).accuracy,
        grouping_ari: measure::grouping(&standing, truth).ari,
    })
}

/// What the reviewer calls a kind of equipment that the labels have no name for.
const UNNAMED: &str = "Other";

fn reject(reason: &str) -> (DecisionAction, Value) {
    (DecisionAction::Reject, json!({ "reason": reason }))
}

struct Reviewer<'a> {
    truth: &'a Truth,
    library: HashMap<String, Uuid>,
}

impl Reviewer<'_> {
    /// Approves what is mostly one piece of equipment, as what it is, and takes out what is not of it.
    fn decide(
        &self,
        asked: &Suggestion,
        kind: ClusterKind,
        points: &[SuggestedPoint],
    ) -> (DecisionAction, Value) {
        let version = asked.version;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let label = |name: &str| self.truth.label(name);
        for equipment in points.iter().filter_map(|p| label(&p.name)?.equipment.as_deref()) {
            *counts.entry(equipment).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let one_machine = most.filter(|(_, count)| count * 2 >= points.len());
        let Some((equipment, _)) = one_machine.filter(|_| kind == ClusterKind::Equipment) else {
            return self.decide_several(asked, points);
        };
        let is_of = |name: &str| label(name).is_some_and(|l| l.equipment.as_deref() == Some(equipment));
        let mut roles: BTreeMap<Uuid, Option<&str>> = BTreeMap::new();
        let mut excluded = Vec::new();
        for point in points {
            let role = label(&point.name).and_then(|l| l.role.as_deref()).filter(|_| is_of(&point.name));
            roles.insert(point.id, role);
            if !is_of(&point.name) {
                excluded.push(point.id);
            }
        }
        if roles.values().all(Option::is_none) {
            return reject("no part of it plays a role");
        }
        let of_type =
            points.iter().filter(|p| is_of(&p.name)).find_map(|p| label(&p.name)?.equipment_type.as_deref());
        let mut body = json!({
            "version": version,
            "equipment_name": equipment,
            "extend": true,
            "role_assignments": roles,
            "excluded_points": excluded,
        });
        self.name_pattern(of_type, &mut body);
        (DecisionAction::Approve, body)
    }

    /// Approves points of several machines where a third of them are of one type, each with its machine. What is of no
    /// equipment and still plays a role is a machine of its own, called as the point is.
    fn decide_several(&self, asked: &Suggestion, points: &[SuggestedPoint]) -> (DecisionAction, Value) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let label = |point: &SuggestedPoint| {
            let label = self.truth.label(&point.name)?;
            let role = label.role.as_deref()?;
            let machine = label.equipment.as_deref().unwrap_or(&point.name);
            Some((machine.to_owned(), label.equipment_type.as_deref().unwrap_or(UNNAMED), role))
        };
        for (_, of_type, _) in points.iter().filter_map(label) {
            *counts.entry(of_type).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let Some((of_type, _)) = most.filter(|(_, count)| count * 3 >= points.len()) else {
            return reject("points of no equipment, or of several kinds");
        };
        let mut roles = BTreeMap::new();
        let mut machines = BTreeMap::new();
        let mut excluded = Vec::new();
        for point in points {
            match label(point).filter(|(_, its_type, _)| *its_type == of_type) {
                Some((equipment, _, role)) => {
                    roles.insert(point.id, role);
                    machines.insert(point.id, equipment);
                }
                None => excluded.push(point.id),
            }
        }
        let mut body = json!({
            "version": asked.version,
            "equipment_names": machines,
            "role_assignments": roles,
            "excluded_points": excluded,
        });
        self.name_pattern(Some(of_type), &mut body);
        (DecisionAction::Approve, body)
    }

    fn name_pattern(&self, of_type: Option<&str>, body: &mut Value) {
        let Some(of_type) = of_type else { return };
        let pattern = self.truth.pattern(of_type).unwrap_or(of_type);
        match self.library.get(pattern) {
            Some(id) => body["pattern_id"] = json!(id),
            None => body["pattern_name"] = json!(pattern),
        }
    }
}
