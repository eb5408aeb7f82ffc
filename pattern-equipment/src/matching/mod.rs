//! Which pattern a cluster is: roles assigned one to one at the optimum, scored and calibrated.

mod alike;
mod assignment;
mod calibration;
mod cluster;
mod compiled;
mod evidence;
mod keyword;
mod manner;
mod order;
mod reading;
mod reason;
mod resemblance;
mod site;
mod site_calibration;
mod told;
mod told_words;
mod wordings;

pub use assignment::assign;
pub use site::{LookAlikes, SiteMemory};
pub use site_calibration::{NEWEST_DECISIONS, SiteCalibration};

use uuid::Uuid;

use crate::fingerprint::Fingerprint;
use crate::naming;
use calibration::Called;
use cluster::ClusterView;
use compiled::CompiledPattern;
use evidence::role_evidence;
use pattern_core::{domain::Scores, library::EquipmentPattern};
use reading::{ClusterReading, PointReading};
use wordings::Wordings;

/// What matching knows of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct PointFeatures {
    pub id: Uuid,
    pub name: String,
    pub unit: String,
    pub description: String,
    /// `None` until there are enough samples.
    pub fingerprint: Option<Fingerprint>,
}

/// A point in a role.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedRole {
    pub role: String,
    /// Index among the cluster's points.
    pub point: usize,
    /// How sure, 0..1.
    pub score: f64,
}

/// The parts of a proposal's score, each 0..1. `None`: there was nothing to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PartScores {
    /// Names and descriptions say the roles.
    pub name: Option<f64>,
    /// Units fit the roles.
    pub unit: Option<f64>,
    /// Values lie in the ranges of the roles.
    pub range: Option<f64>,
    /// Signals behave as the roles do.
    pub behavior: Option<f64>,
    /// Points update as often as the roles do.
    pub rate: Option<f64>,
    /// Points hang together.
    pub cohesion: Option<f64>,
}

impl From<PartScores> for Scores {
    fn from(parts: PartScores) -> Self {
        let PartScores { name, unit, range, behavior, rate, cohesion } = parts;
        [
            ("name", name),
            ("unit", unit),
            ("range", range),
            ("behavior", behavior),
            ("rate", rate),
            ("cohesion", cohesion),
        ]
        .into()
    }
}

/// How a cluster would be that pattern.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposal {
    /// A point occurs at most once, a role again only where that was told of look-alikes. Empty: nothing fits.
    pub roles: Vec<ProposedRole>,
    /// Points left over, each with the role that it looks most like: a second sensor of the same.
    pub spares: Vec<ProposedRole>,
    pub scores: PartScores,
    /// Calibrated probability that it is right, 0..1.
    pub confidence: f64,
    /// What it would be without any answer, where a single one about look-alikes speaks for it.
    pub unanswered: Option<f64>,
    /// In words a technician understands.
    pub reason: String,
}

/// What each point of a group is by its own words, where they are understood: a name for the role of a point that the
/// library has none for. `is_usual` says whether points are called so.
pub fn spelled_out(
    points: &[PointFeatures],
    site: &SiteMemory,
    is_usual: &impl Fn(&str) -> bool,
) -> Vec<Option<String>> {
    let reading = ClusterReading::new(points, site, &Wordings::default());
    let said = |point: &PointReading| {
        let texts = [&point.words.description, &point.words.name].into_iter().chain(&point.borrowed);
        texts.into_iter().find_map(|text| naming::spelled_out(text, is_usual))
    };
    let mut names: Vec<Option<String>> = reading.points.iter().map(said).collect();
    tell_apart_by_unit(&mut names, &reading.points);
    names
}

/// Points that read alike are told apart by what they measure: of two called Heating, the one in A is Heating Current.
fn tell_apart_by_unit(names: &mut [Option<String>], points: &[PointReading]) {
    let read: Vec<Option<String>> = names.to_vec();
    for (i, name) in names.iter_mut().enumerate() {
        let (Some(name), Some(unit)) = (name, points[i].unit) else { continue };
        let alike = |other: &usize| *other != i && read[*other] == read[i];
        let measures_else = |other: usize| points[other].unit.is_none_or(|of| !of.measures_as(unit));
        let quantity = naming::capitalised(&unit.dimension.replace('_', " "));
        let says_it = name.to_lowercase().contains(&quantity.to_lowercase());
        if !says_it && (0..points.len()).filter(alike).any(measures_else) {
            *name = format!("{name} {quantity}");
        }
    }
}

/// More likely than not.
const LIKELY: f64 = 0.5;

/// What the names, descriptions and units of a cluster's points say. No answer changes it.
pub struct Reading {
    cluster: ClusterReading,
    /// Per pattern, how far the cluster is called so.
    called: Vec<f64>,
}

/// Proposes for clusters from a library whose phrases are prepared once.
pub struct Matcher {
    patterns: Vec<CompiledPattern>,
    wordings: Wordings,
}

impl Matcher {
    /// Patterns with their present confidences, 0..1.
    pub fn new<'a>(patterns: impl IntoIterator<Item = (&'a EquipmentPattern, f64)>) -> Self {
        let mut wordings = Wordings::default();
        let compile = |(spec, confidence)| CompiledPattern::new(spec, confidence, &mut wordings);
        Self { patterns: patterns.into_iter().map(compile).collect(), wordings }
    }

    /// Reads a cluster's points, for as many proposals as will be asked for.
    pub fn read(&self, points: &[PointFeatures], site: &SiteMemory) -> Reading {
        let cluster = ClusterReading::new(points, site, &self.wordings);
        let called =
            self.patterns.iter().map(|pattern| cluster.equipment.evidence(&pattern.keywords)).collect();
        Reading { cluster, called }
    }

    /// One proposal per pattern, in the order of `new`. `cohesion` (0..1) is the cluster's.
    pub fn propose(
        &self,
        points: &[PointFeatures],
        cohesion: Option<f64>,
        site: &SiteMemory,
    ) -> Vec<Proposal> {
        self.propose_read(points, &self.read(points, site), cohesion, site)
    }

    /// As `propose`, of points that were read.
    pub fn propose_read(
        &self,
        points: &[PointFeatures],
        Reading { cluster, called }: &Reading,
        cohesion: Option<f64>,
        site: &SiteMemory,
    ) -> Vec<Proposal> {
        let mut cluster = ClusterView::new(points, cluster, cohesion, site);
        let called_most = called.iter().copied().fold(0.0, f64::max);
        let propose = |cluster: &ClusterView, i: usize| {
            self.patterns[i].propose(cluster, Called { so: called[i], anything: called_most })
        };
        let mut proposals: Vec<Proposal> = (0..self.patterns.len()).map(|i| propose(&cluster, i)).collect();
        let on_one_answer: Vec<usize> = (0..self.patterns.len())
            .filter(|i| cluster.rests_on_one_answer(&self.patterns[*i].spec.name))
            .collect();
        if !on_one_answer.is_empty() {
            cluster.forget_answers();
        }
        for i in on_one_answer {
            proposals[i].unanswered = Some(propose(&cluster, i).confidence);
        }
        proposals
    }

    /// As `propose`, of points that are called alike and stand alone: the role of each by itself.
    pub fn propose_for_each(&self, points: &[PointFeatures], site: &SiteMemory) -> Vec<Proposal> {
        let alone: Vec<Vec<Proposal>> =
            points.iter().map(|point| self.propose(std::slice::from_ref(point), None, site)).collect();
        let of_pattern = |i: usize| alone.iter().map(|proposals| proposals[i].clone()).collect::<Vec<_>>();
        (0..self.patterns.len()).map(|i| alike::merged(points, &of_pattern(i))).collect()
    }

    /// Whether any pattern has a role of this name.
    pub fn has_role(&self, name: &str) -> bool {
        self.patterns.iter().flat_map(|pattern| &pattern.roles).any(|role| role.spec.name == name)
    }

    /// The role that a point on its own looks most like, of whatever pattern, and how sure that is, 0..1; `None`
    /// where that is anybody's guess.
    pub fn likely_role(&self, point: &PointFeatures, site: &SiteMemory) -> Option<(String, f64)> {
        if let Some((role, sureness)) = site.likely_role(point).filter(|(_, sureness)| *sureness >= LIKELY) {
            return Some((role, sureness));
        }
        let points = std::slice::from_ref(point);
        let reading = ClusterReading::new(points, site, &self.wordings);
        let alone = ClusterView::new(points, &reading, None, site);
        let roles = self.patterns.iter().flat_map(|pattern| &pattern.roles);
        let described = reading.points[0].said.described(roles.filter_map(|role| role.wording));
        let judged = self.patterns.iter().flat_map(|pattern| {
            // How usual such machines are here, and whether the point names one.
            let of_pattern = site.usual(&pattern.spec.name) + reading.equipment.evidence(&pattern.keywords);
            let alone = &alone;
            let of_role = move |role| {
                let evidence = role_evidence(role, &pattern.spec.name, alone, 0, described);
                (role, evidence.score_for_pattern(), evidence.strength_for_pattern + of_pattern)
            };
            pattern.roles.iter().map(of_role)
        });
        let (role, score, _) = judged.max_by(|a, b| a.2.total_cmp(&b.2))?;
        if score >= LIKELY { Some((role.spec.name.clone(), score)) } else { site.likely_role(point) }
    }
}
