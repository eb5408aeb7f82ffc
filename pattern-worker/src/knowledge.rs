//! What the engine knows of a data source, and what it makes of it.

use pattern_core::domain::{Cluster, ClusterKind, PatternKind};
use pattern_core::library::EquipmentPattern;
use pattern_equipment::matching::{
    Family, Matcher, NEWEST_DECISIONS, PointFeatures, Proposal, Reading, SiteCalibration, SiteMemory,
    spelled_out,
};
use pattern_store::{ActiveBinding, ForeignBinding, LibraryPattern, Store, StoreError, StoredPoint};
use rayon::prelude::*;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use uuid::Uuid;

use crate::{
    input_version::version_of,
    readings::{KeptReadings, SiteReadings},
};

/// A proposal of this confidence is right often enough to go by.
const PRESUMABLE: f64 = 0.75;

/// Of the threshold: what a single answer lifts a proposal to.
const NEARLY: f64 = 0.99;

/// How sure is what a person said.
const SURE: f64 = 1.0;

/// Everything that matching goes by, as it is stored.
pub struct SiteRecords {
    clusters: Vec<Cluster>,
    look_alikes: Vec<Cluster>,
    library: Vec<LibraryPattern<EquipmentPattern>>,
    bindings: Vec<ActiveBinding>,
    foreign: Vec<ForeignBinding>,
    points: Vec<StoredPoint>,
    fingerprint_versions: HashMap<Uuid, String>,
    decided: Vec<(f64, bool)>,
}

impl SiteRecords {
    pub async fn read(store: &Store, data_source: Uuid) -> Result<Self, StoreError> {
        Ok(Self {
            clusters: store.active_clusters(data_source, ClusterKind::Equipment).await?,
            look_alikes: store.active_clusters(data_source, ClusterKind::LookAlikes).await?,
            library: store.library().await?,
            bindings: store.active_bindings(data_source).await?,
            foreign: store.foreign_bindings(data_source).await?,
            points: store.stored_points(data_source).await?,
            fingerprint_versions: store.fingerprint_versions(data_source).await?,
            decided: store.decided_confidences(data_source, PatternKind::Equipment, NEWEST_DECISIONS).await?,
        })
    }

    /// Hash of clusters, library, points, fingerprints and what was confirmed elsewhere; decisions of this data source are
    /// not in it.
    pub fn version(&self) -> String {
        let clusters =
            self.clusters.iter().chain(&self.look_alikes).map(|c| format!("{}/{}", c.id, c.version));
        let library = self.library.iter().map(|p| format!("{}/{}", p.id, p.version));
        let foreign = self.foreign.iter().map(|b| format!("{}/{}/{}", b.point_id, b.pattern, b.role));
        version_of(clusters.chain(library).chain(self.points_as_text()).chain(foreign))
    }

    /// Hash of all that reading goes by: points, fingerprints, and what the library's patterns look like.
    fn readings_version(&self) -> String {
        let specs = self.library.iter().map(|p| &p.spec).collect::<Vec<_>>();
        let specs = serde_json::to_string(&specs).expect("specifications are plain data");
        version_of(self.points_as_text().chain([specs]))
    }

    fn points_as_text(&self) -> impl Iterator<Item = String> {
        let labels =
            self.points.iter().map(|p| format!("{}/{}\0{}\0{}", p.id, p.name, p.unit, p.description));
        let mut prints: Vec<String> =
            self.fingerprint_versions.iter().map(|(id, v)| format!("{id}/{v}")).collect();
        prints.sort_unstable();
        labels.chain(prints)
    }
}

/// What is known, understood. Takes the CPU a while to make.
pub struct Knowledge {
    /// Of kind `equipment`.
    pub clusters: Vec<Cluster>,
    pub look_alikes: Vec<Cluster>,
    library: Vec<LibraryPattern<EquipmentPattern>>,
    features: HashMap<Uuid, PointFeatures>,
    matcher: Matcher,
    /// Of the clusters of kind `equipment`, by their ids.
    readings: HashMap<Uuid, Arc<Reading>>,
    site: SiteMemory,
    calibration: SiteCalibration,
    threshold: f64,
    /// Kinds that people named, of which a single machine is all that is known.
    confirmed_once: BTreeSet<Uuid>,
    bindings: Vec<ActiveBinding>,
}

impl Knowledge {
    /// `threshold`: the confidence from which on a proposal is taken for a match, 0..1.
    pub fn new(
        known: SiteRecords,
        mut fingerprints: HashMap<Uuid, Value>,
        threshold: f64,
        kept: &KeptReadings,
    ) -> Self {
        let version = known.readings_version();
        let SiteRecords { clusters, look_alikes, library, bindings, foreign, points, decided, .. } = known;
        let features: HashMap<Uuid, PointFeatures> = points
            .into_iter()
            .map(|p| {
                let fingerprint =
                    fingerprints.remove(&p.id).and_then(|body| serde_json::from_value(body).ok());
                let features = PointFeatures {
                    id: p.id,
                    name: p.name,
                    unit: p.unit,
                    description: p.description,
                    fingerprint,
                };
                (p.id, features)
            })
            .collect();
        let matcher = Matcher::new(library.iter().map(|p| (&p.spec, p.confidence)));
        let mut read = kept.take(&version).unwrap_or_else(|| {
            let mut observed = SiteMemory::default();
            observed.observe(features.values());
            SiteReadings { version, observed, clusters: HashMap::new() }
        });
        let mut site = read.observed.clone();
        learn(&mut site, &bindings, &library, &features);
        let confirmed_once = confirmed_once(&library, &bindings, &foreign);
        site.learn_elsewhere(&foreign.into_iter().map(confirmed_elsewhere).collect::<Vec<_>>());
        let calibration = SiteCalibration::fit(&decided);
        let readings = HashMap::new();
        let mut knowledge = Self {
            clusters,
            look_alikes,
            library,
            features,
            matcher,
            readings,
            site,
            calibration,
            threshold,
            confirmed_once,
            bindings,
        };
        read.clusters = knowledge.read(&read.clusters);
        kept.keep(read);
        knowledge.presume();
        knowledge
    }

    /// Reads the clusters that were not read before. Answers the readings by their points.
    fn read(&mut self, before: &HashMap<Vec<Uuid>, Arc<Reading>>) -> HashMap<Vec<Uuid>, Arc<Reading>> {
        let read = |cluster: &Cluster| {
            let points: Vec<Uuid> = cluster.points.iter().map(|point| point.id).collect();
            let reading = before.get(&points).cloned();
            let new = || Arc::new(self.matcher.read(&self.points_of(cluster), &self.site));
            (cluster.id, points, reading.unwrap_or_else(new))
        };
        let read: Vec<_> = self.clusters.par_iter().map(read).collect();
        self.readings = read.iter().map(|(id, _, reading)| (*id, reading.clone())).collect();
        read.into_iter().map(|(_, points, reading)| (points, reading)).collect()
    }

    /// Takes in what is sure about some clusters: it helps with similar ones.
    fn presume(&mut self) {
        let sure_of = |cluster: &Cluster| {
            let points = self.points_of(cluster);
            let (pattern, proposal) = self
                .proposals(cluster, &points)
                .filter(|(_, proposal)| {
                    proposal.confidence.min(proposal.unanswered.unwrap_or(1.0)) >= PRESUMABLE
                })
                .max_by(|(_, a), (_, b)| a.confidence.total_cmp(&b.confidence))?;
            let ids: Vec<Uuid> = proposal.roles.iter().map(|role| points[role.point].id).collect();
            Some((pattern.spec.name.clone(), ids, proposal.roles))
        };
        let sure: Vec<_> = self.clusters.par_iter().filter_map(sure_of).collect();
        for (pattern, ids, roles) in sure {
            let roles = roles.iter().map(|role| (role.role.as_str(), role.score));
            let points = ids.iter().map(|id| &self.features[id]);
            let machine: Vec<_> =
                points.zip(roles).map(|(point, (role, score))| (point, role, score)).collect();
            self.site.presume(&pattern, &machine);
        }
    }

    pub fn points_of(&self, cluster: &Cluster) -> Vec<PointFeatures> {
        cluster.points.iter().filter_map(|p| self.features.get(&p.id).cloned()).collect()
    }

    /// What each pattern of the library would make of a cluster with these points, in the library's order.
    pub fn proposals(
        &self,
        cluster: &Cluster,
        points: &[PointFeatures],
    ) -> impl Iterator<Item = (&LibraryPattern<EquipmentPattern>, Proposal)> {
        let cohesion = Some(cluster.cohesion);
        let proposals = match self.readings.get(&cluster.id) {
            Some(reading) => self.matcher.propose_read(points, reading, cohesion, &self.site),
            // Look-alikes, each of a machine of its own.
            None => self.matcher.propose_for_each(points, &self.site),
        };
        let judge = |(pattern, proposal)| (pattern, self.judged(pattern, proposal));
        self.library.iter().zip(proposals).map(judge)
    }

    /// Calibrated, and not lifted over the threshold by a single answer: that may have been wrong. Of a kind that one
    /// answer named, the roles and their words are that answer's too.
    fn judged(&self, pattern: &LibraryPattern<EquipmentPattern>, mut proposal: Proposal) -> Proposal {
        proposal.confidence = self.calibration.apply(proposal.confidence);
        proposal.unanswered = proposal.unanswered.map(|confidence| self.calibration.apply(confidence));
        let unsure = proposal.unanswered.is_some_and(|unanswered| unanswered < self.threshold);
        if (unsure || self.confirmed_once.contains(&pattern.id)) && proposal.confidence >= self.threshold {
            proposal.confidence = self.threshold * NEARLY;
            proposal.reason.push_str(" One answer about similar points says so; another one makes it sure.");
        }
        proposal
    }

    pub fn pattern(&self, id: Uuid) -> Option<&LibraryPattern<EquipmentPattern>> {
        self.library.iter().find(|pattern| pattern.id == id)
    }

    /// What each of these points of one cluster is by its own words.
    pub fn spelled_out(&self, points: &[PointFeatures]) -> Vec<Option<String>> {
        spelled_out(points, &self.site, &|said| self.matcher.has_role(said))
    }

    /// The points called like a point, as one key, and how many they are.
    pub fn family(&self, point: Uuid) -> Option<(Family, f64)> {
        self.features.get(&point).map(|point| self.site.family(point))
    }

    /// The role that similar points play, for each point where one was confirmed, and how sure that makes it.
    pub fn of_similar_points(&self) -> Vec<(Uuid, String, f64)> {
        let likely = |point: &PointFeatures| {
            let (role, sureness) = self.site.likely_role(point)?;
            Some((point.id, role, sureness))
        };
        self.features.values().filter_map(likely).collect()
    }

    /// The role that each of these points plays by itself, whatever it is grouped with, and how sure that is.
    pub fn by_themselves(&self, is_meant: impl Fn(Uuid) -> bool + Sync) -> Vec<(Uuid, String, f64)> {
        let likely = |point: &PointFeatures| {
            let (role, sureness) = self.matcher.likely_role(point, &self.site)?;
            Some((point.id, role, sureness))
        };
        self.features
            .par_iter()
            .filter(|(id, _)| is_meant(**id))
            .filter_map(|(_, point)| likely(point))
            .collect()
    }

    /// What somebody said of points.
    pub fn confirmed(&self) -> &[ActiveBinding] {
        &self.bindings
    }
}

/// Learns what the approvals of this data source taught.
fn learn(
    site: &mut SiteMemory,
    bindings: &[ActiveBinding],
    library: &[LibraryPattern<EquipmentPattern>],
    points: &HashMap<Uuid, PointFeatures>,
) {
    let names: HashMap<Uuid, &str> = library.iter().map(|p| (p.id, p.spec.name.as_str())).collect();
    let mut by_equipment: BTreeMap<Uuid, Vec<&ActiveBinding>> = BTreeMap::new();
    for binding in bindings {
        by_equipment.entry(binding.equipment_id).or_default().push(binding);
    }
    for bound in by_equipment.values() {
        let siblings: Vec<&str> = bound.iter().map(|b| b.point_name.as_str()).collect();
        let mut by_pattern: BTreeMap<&str, Vec<(&PointFeatures, &str, f64)>> = BTreeMap::new();
        for binding in bound {
            if let (Some(pattern), Some(point)) =
                (names.get(&binding.pattern_id), points.get(&binding.point_id))
            {
                site.learn(point, &siblings, (pattern, &binding.role), binding.suggestion_id);
                by_pattern.entry(pattern).or_default().push((point, &binding.role, SURE));
            }
        }
        for (pattern, machine) in by_pattern {
            site.learn_order(pattern, &machine);
        }
    }
}

/// The learned patterns of which no more than one machine was ever shown, here and elsewhere.
fn confirmed_once(
    library: &[LibraryPattern<EquipmentPattern>],
    bindings: &[ActiveBinding],
    foreign: &[ForeignBinding],
) -> BTreeSet<Uuid> {
    let machines = |pattern: &&LibraryPattern<EquipmentPattern>| {
        let here = bindings.iter().filter(|b| b.pattern_id == pattern.id).map(|b| b.equipment_id);
        let elsewhere = foreign.iter().filter(|b| b.pattern == pattern.spec.name).map(|b| b.suggestion_id);
        here.chain(elsewhere).collect::<BTreeSet<Uuid>>().len()
    };
    let learned = library.iter().filter(|pattern| pattern.spec.is_learned());
    learned.filter(|pattern| machines(pattern) < 2).map(|pattern| pattern.id).collect()
}

fn confirmed_elsewhere(binding: ForeignBinding) -> (PointFeatures, (String, String), Uuid) {
    let point = PointFeatures {
        id: binding.point_id,
        name: binding.point_name,
        unit: String::new(),
        description: binding.description,
        fingerprint: None,
    };
    (point, (binding.pattern, binding.role), binding.suggestion_id)
}
