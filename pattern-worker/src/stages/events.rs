//! What happened: whether an episode is a known kind of event, and which unknown ones resemble each other. A part of
//! pattern-matching.

use chrono::{DateTime, Utc};
use pattern_core::{
    domain::{
        Cluster, ClusterKind, Content, DataSource, EpisodeContent, EpisodeContext, PatternKind, PointChange,
        Purpose, Scores, Subject, SubjectKind,
    },
    library::{EpisodeChange, EpisodePattern},
};
use pattern_episode::{
    matching::{KnownKind, cohesion, groups, reason, recognise},
    profile::{Occurrence, Part, Profile},
};
use pattern_store::{KnownEpisode, LibraryPattern, NewSuggestion, StoredPoint, off_thread};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

use super::stage::{Outcome, Stage, StageError};
use crate::input_version::version_of;

/// What this part's input is remembered under.
const NAME: &str = "episode-matching";
/// Grouping takes time with the cube of their number, and nobody wants to be asked about more.
const MOST_UNKNOWN: usize = 200;
/// What a kind of event starts with that somebody named: it was seen, but nobody has confirmed that it comes back.
const NEW_KIND_PRIOR: f64 = 0.6;

pub(super) async fn run(stage: &Stage, source: &DataSource) -> Result<Outcome, StageError> {
    let clusters = stage.store.active_clusters(source.id, ClusterKind::Episode).await?;
    let library = stage.store.library::<EpisodePattern>().await?;
    let known = stage.store.known_episodes(source.id).await?;
    let rejected = stage.store.rejected_episodes(source.id).await?;
    let answers = stage.store.decision_count(source.id, PatternKind::Episode).await?;
    let threshold = stage.engine.detection_threshold_score;
    let input = {
        let episodes = clusters.iter().map(|cluster| format!("{}/{}", cluster.id, cluster.version));
        let patterns = library.iter().map(|pattern| format!("{}/{}", pattern.id, pattern.version));
        version_of(episodes.chain(patterns).chain([format!("{threshold}/{answers}/{}", known.len())]))
    };
    stage
        .unless_unchanged(NAME, source, &input, async {
            let points = stage.store.stored_points(source.id).await?;
            let site = source.name.clone();
            let find = move || {
                let asking = Asking {
                    kinds: kinds(library, &known, &rejected, &points, &site),
                    points: names(&points),
                    site,
                };
                asking.questions(&clusters, threshold)
            };
            let questions = off_thread(find).await?;
            let count = |purpose| questions.iter().filter(|question| question.purpose == purpose).count();
            let (matches, learning, new) =
                (count(Purpose::Match), count(Purpose::Learning), count(Purpose::NewPattern));
            let change = stage.propose(source, PatternKind::Episode, &questions).await?;
            Ok(json!({ "match": matches, "learning": learning, "new_pattern": new, "suggestions": change }))
        })
        .await
}

fn names(points: &[StoredPoint]) -> HashMap<Uuid, String> {
    points.iter().map(|point| (point.id, point.name.clone())).collect()
}

/// The kinds of event of this site: as those happened that people named, or, where a file brought it, as that says.
fn kinds(
    library: Vec<LibraryPattern<EpisodePattern>>,
    known: &[KnownEpisode],
    rejected: &HashMap<Uuid, usize>,
    points: &[StoredPoint],
    site: &str,
) -> Vec<KnownKind> {
    let ids: HashMap<&str, Uuid> = points.iter().map(|point| (point.name.as_str(), point.id)).collect();
    let kind = |pattern: LibraryPattern<EpisodePattern>| {
        let mine: Vec<&KnownEpisode> = known.iter().filter(|one| one.pattern_id == pattern.id).collect();
        // One that is named after another site's points says nothing here, until somebody says that it happened here.
        if mine.is_empty() && pattern.spec.data_source != site {
            return None;
        }
        let happened: Vec<Occurrence> = mine.iter().map(|one| occurrence_of(one)).collect();
        let profile = if happened.is_empty() { written(&pattern.spec, &ids) } else { Profile::of(&happened) };
        Some(KnownKind {
            pattern: pattern.id,
            version: pattern.version,
            name: pattern.spec.name,
            profile,
            happened: mine.iter().rev().map(|one| one.starts_at).collect(),
            rejected: rejected.get(&pattern.id).copied().unwrap_or_default(),
        })
    };
    library.into_iter().filter_map(kind).collect()
}

fn occurrence_of(one: &KnownEpisode) -> Occurrence {
    Occurrence { starts_at: one.starts_at, ends_at: one.ends_at, changes: one.changes.clone() }
}

fn written(spec: &EpisodePattern, ids: &HashMap<&str, Uuid>) -> Profile {
    let part = |change: &EpisodeChange| {
        let EpisodeChange { direction, share, after_seconds, .. } = *change;
        Some((*ids.get(change.point.as_str())?, Part { direction, share, after_seconds }))
    };
    Profile { parts: spec.changes.iter().filter_map(part).collect(), seconds: spec.within_seconds }
}

/// What is known before anything is asked.
struct Asking {
    kinds: Vec<KnownKind>,
    points: HashMap<Uuid, String>,
    site: String,
}

impl Asking {
    /// One question about each episode that is of a known kind, and one about each group of others that resemble each
    /// other: its newest.
    fn questions(&self, clusters: &[Cluster], threshold: f64) -> Vec<NewSuggestion> {
        let mut episodes: Vec<(&Cluster, Occurrence)> =
            clusters.iter().filter_map(|cluster| Some((cluster, happened(cluster)?))).collect();
        episodes.sort_by_key(|(cluster, one)| std::cmp::Reverse((one.starts_at, cluster.id)));
        let mut questions = Vec::new();
        let mut unknown = Vec::new();
        for (cluster, occurrence) in episodes {
            match self.known(cluster, &occurrence, threshold) {
                Some(question) => questions.push(question),
                None => unknown.push((cluster, occurrence)),
            }
        }
        unknown.truncate(MOST_UNKNOWN);
        let occurrences: Vec<Occurrence> = unknown.iter().map(|(_, occurrence)| occurrence.clone()).collect();
        for group in groups(&occurrences) {
            let members: Vec<&(&Cluster, Occurrence)> = group.iter().map(|place| &unknown[*place]).collect();
            questions.push(self.new_kind(&members));
        }
        questions
    }

    fn known(&self, cluster: &Cluster, occurrence: &Occurrence, threshold: f64) -> Option<NewSuggestion> {
        let (kind, likeness) = recognise(occurrence, &self.kinds)?;
        let sureness = kind.sureness(&likeness);
        Some(NewSuggestion {
            pattern: Some((kind.pattern, kind.version)),
            purpose: if sureness >= threshold { Purpose::Match } else { Purpose::Learning },
            confidence: sureness,
            scores: likeness.into(),
            reason: reason(kind, &likeness, occurrence),
            // Another name makes another kind of event, which looks as this one episode does.
            draft: Some(self.draft(std::slice::from_ref(occurrence)).into()),
            ..about(cluster, occurrence, kind.before(occurrence.starts_at))
        })
    }

    fn new_kind(&self, members: &[&(&Cluster, Occurrence)]) -> NewSuggestion {
        let occurrences: Vec<&Occurrence> = members.iter().map(|(_, occurrence)| occurrence).collect();
        let all: Vec<Occurrence> = occurrences.iter().map(|one| (*one).clone()).collect();
        // The newest one comes first.
        let (cluster, newest) = members[0];
        let others: Vec<DateTime<Utc>> = occurrences[1..].iter().map(|one| one.starts_at).collect();
        let shown: Vec<String> =
            others.iter().take(3).map(|at| at.format("%Y-%m-%d %H:%M").to_string()).collect();
        NewSuggestion {
            purpose: Purpose::NewPattern,
            priority: members.len() as f64,
            confidence: cohesion(&occurrences),
            scores: Scores::default(),
            reason: format!(
                "{} episodes resemble each other: most of the same points changed the same way on {} (UTC) as well. \
                 approve it under a name to recognise the next one",
                members.len(),
                shown.join(", ")
            ),
            draft: Some(self.draft(&all).into()),
            ..about(cluster, newest, others)
        }
    }

    /// The kind of event that these would be, under a name that says nothing yet.
    fn draft(&self, occurrences: &[Occurrence]) -> EpisodePattern {
        let profile = Profile::of(occurrences);
        let change = |(point, part): (&Uuid, &Part)| {
            let Part { direction, share, after_seconds } = *part;
            Some(EpisodeChange { point: self.points.get(point)?.clone(), direction, share, after_seconds })
        };
        EpisodePattern {
            name: "New kind of event".into(),
            category: "Event".into(),
            description: format!("seen {} times at {}", occurrences.len(), self.site),
            confidence: NEW_KIND_PRIOR,
            data_source: self.site.clone(),
            within_seconds: profile.seconds,
            changes: profile.parts.iter().filter_map(change).collect(),
        }
    }
}

/// The episode with its changes in order; nothing where it was found before changes were kept.
fn happened(cluster: &Cluster) -> Option<Occurrence> {
    let change = |p: &pattern_core::domain::ClusterPoint| {
        Some(PointChange { point: p.id, direction: p.direction?, at: p.changed_at? })
    };
    let mut changes: Vec<PointChange> = cluster.points.iter().filter_map(change).collect();
    changes.sort_by_key(|change| (change.at, change.point));
    let (starts_at, ends_at) = cluster.starts_at.zip(cluster.ends_at)?;
    (!changes.is_empty()).then_some(Occurrence { starts_at, ends_at, changes })
}

/// What all questions about an episode have; the rest is for the caller to say.
fn about(cluster: &Cluster, occurrence: &Occurrence, happened_before: Vec<DateTime<Utc>>) -> NewSuggestion {
    let Occurrence { starts_at, ends_at, changes } = occurrence.clone();
    let mut members: Vec<Uuid> = changes.iter().map(|change| change.point).collect();
    members.sort_unstable();
    NewSuggestion {
        subject: Subject { kind: SubjectKind::Cluster, id: cluster.id, label: cluster.label.clone() },
        pattern: None,
        purpose: Purpose::Learning,
        priority: 1.0,
        confidence: 0.0,
        scores: Scores::default(),
        reason: String::new(),
        members,
        content: Content::Episode(EpisodeContent {
            starts_at,
            ends_at,
            changes,
            context: EpisodeContext { happened_before },
        }),
        fits: BTreeMap::new(),
        draft: None,
    }
}
