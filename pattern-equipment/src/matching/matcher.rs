use super::features::PointFeatures;
use super::memory::SiteMemory;
use super::proposal::{Called, ClusterView, CompiledPattern, Proposal, merged, role_fit};
use super::reading::{ClusterReading, Wordings};
use pattern_core::library::EquipmentPattern;

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
            self.patterns.iter().map(|pattern| cluster.equipment.call_it(&pattern.keywords)).collect();
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
        (0..self.patterns.len()).map(|i| merged(points, &of_pattern(i))).collect()
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
            let of_pattern = site.usual(&pattern.spec.name) + reading.equipment.call_it(&pattern.keywords);
            let alone = &alone;
            let of_role = move |role| {
                let fit = role_fit(role, &pattern.spec.name, alone, 0, described);
                (role, fit.score_for_pattern(), fit.strength_for_pattern + of_pattern)
            };
            pattern.roles.iter().map(of_role)
        });
        let (role, score, _) = judged.max_by(|a, b| a.2.total_cmp(&b.2))?;
        if score >= LIKELY { Some((role.spec.name.clone(), score)) } else { site.likely_role(point) }
    }
}
