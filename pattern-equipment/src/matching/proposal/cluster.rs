//! A cluster as matching looks at it: what its points say, and what was confirmed and presumed of similar ones,
//! prepared once for all patterns.

use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::matching::features::PointFeatures;
use crate::matching::memory::{Order, RoleOf, SiteMemory, Votes};
use crate::matching::reading::{ClusterReading, PointReading};

pub(in crate::matching) struct ClusterView<'a> {
    pub points: &'a [PointFeatures],
    pub cohesion: Option<f64>,
    pub reading: &'a ClusterReading,
    votes: Vec<PointVotes>,
    site: &'a SiteMemory,
}

struct PointVotes {
    votes: Votes,
    /// What similar points seem to be, as shares of 1; empty where there are none.
    presumed: BTreeMap<RoleOf, f64>,
}

/// A point of it.
#[derive(Clone, Copy)]
pub(in crate::matching) struct PointView<'a> {
    pub features: &'a PointFeatures,
    pub reading: &'a PointReading,
    pub votes: &'a Votes,
    pub presumed: &'a BTreeMap<RoleOf, f64>,
}

impl<'a> ClusterView<'a> {
    /// `reading` is of these points.
    pub fn new(
        points: &'a [PointFeatures],
        reading: &'a ClusterReading,
        cohesion: Option<f64>,
        site: &'a SiteMemory,
    ) -> Self {
        let votes = |point: &PointReading| PointVotes {
            votes: site.votes(&point.call),
            presumed: site.presumed(&point.call),
        };
        Self { points, cohesion, reading, votes: reading.points.iter().map(votes).collect(), site }
    }

    pub fn point(&self, index: usize) -> PointView<'_> {
        let PointVotes { votes, presumed } = &self.votes[index];
        PointView { features: &self.points[index], reading: &self.reading.points[index], votes, presumed }
    }

    /// In which order the site numbers the points of a machine.
    pub fn order(&self) -> &'a Order {
        &self.site.order
    }

    /// Bindings of similar points to this pattern: share of the points that have votes, each as far as it is of similar points,
    /// and how those went.
    pub fn site_votes(&self, pattern: &str) -> (f64, f64) {
        // Letters that many loops of a plant have (FI, PI, TI) say nothing about the machine.
        let similar = self.votes.iter().zip(&self.reading.points).filter(|(_, p)| p.call.names_equipment);
        let voted: Vec<&Votes> = similar.map(|(p, _)| &p.votes).filter(|v| v.total > 0.0).collect();
        let all: f64 = voted.iter().map(|votes| votes.likeness).sum();
        if all == 0.0 {
            return (0.0, 0.0);
        }
        let for_it = |v: &&&Votes| {
            let here: f64 = v.by_role.iter().filter(|((p, _), _)| p == pattern).map(|(_, n)| n).sum();
            here / v.total
        };
        let agreement = voted.iter().map(|v| v.likeness * for_it(&v)).sum::<f64>() / all;
        (all / self.votes.len() as f64, agreement)
    }

    /// Whether no more than one answer, and that about other points, says that similar points are of this pattern.
    pub fn rests_on_one_answer(&self, pattern: &str) -> bool {
        let answers: BTreeSet<Uuid> = self
            .votes
            .iter()
            .filter_map(|point| point.votes.answers.get(pattern))
            .flatten()
            .copied()
            .collect();
        answers.len() == 1 && !answers.iter().any(|answer| self.site.is_answered_by(*answer, self.points))
    }

    /// As if nobody had answered anything.
    pub fn forget_answers(&mut self) {
        self.votes.iter_mut().for_each(|point| point.votes = Votes::default());
    }

    /// Roles that the site gave to similar points in this pattern.
    pub fn roles_of_site(&self, pattern: &str) -> BTreeSet<&str> {
        let votes = self.votes.iter().flat_map(|point| point.votes.by_role.keys());
        votes.filter(|(of, _)| of == pattern).map(|(_, role)| role.as_str()).collect()
    }
}
