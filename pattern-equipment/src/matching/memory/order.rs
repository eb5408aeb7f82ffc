//! In which order a site numbers the points of a machine: whoever draws up a list of loops goes through the machines of
//! a kind alike, so that of two flow setpoints the one behind the damper is the least flow, not the wanted one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use crate::naming::{TokenKind, tokenize};

/// The numbers in a name, as they stand.
pub(in crate::matching) type Place = Vec<u64>;

pub(in crate::matching) fn place(name: &str) -> Place {
    let digits = tokenize(name).into_iter().filter(|token| token.kind == TokenKind::Digits);
    digits.filter_map(|token| token.text.parse().ok()).collect()
}

/// Per pattern, how often a role stood in front of another in one machine: lower numbers first.
#[derive(Debug, Clone, Default)]
pub(in crate::matching) struct Order {
    before: HashMap<String, BTreeMap<String, BTreeMap<String, f64>>>,
}

/// Machines that speak either way before any was seen.
const DOUBT: f64 = 0.7;
/// Places depend on each other, so that each counts less than its odds, and all together no more than this.
const SHARE: f64 = 0.4;
const MOST: f64 = 2.0;

impl Order {
    /// Learns from a machine of this pattern: its points' places, the roles that they play, and how sure these are,
    /// 0..1.
    pub fn learn(&mut self, pattern: &str, points: &[(Place, &str, f64)]) {
        let before = self.before.entry(pattern.to_owned()).or_default();
        for (first, role, sureness) in points {
            for (second, other, others) in points {
                if first < second && role != other {
                    let behind = before.entry((*role).to_owned()).or_default();
                    *behind.entry((*other).to_owned()).or_default() += sureness * others;
                }
            }
        }
    }

    /// What the order says of these roles of a pattern; `None` where no machine of it was seen.
    pub fn of(&self, pattern: &str, roles: &[&str]) -> Option<OrderOfRoles> {
        let before = self.before.get(pattern)?;
        let seen = |role: &str, other: &str| {
            before.get(role).and_then(|behind| behind.get(other)).copied().unwrap_or(0.0)
        };
        let odds = |role: &str, other: &str| ((seen(role, other) + DOUBT) / (seen(other, role) + DOUBT)).ln();
        let odds = roles.iter().flat_map(|role| roles.iter().map(|other| odds(role, other))).collect();
        Some(OrderOfRoles { odds, roles: roles.len() })
    }
}

/// Logarithmic odds that one role stands in front of another, row by row.
pub(in crate::matching) struct OrderOfRoles {
    odds: Vec<f64>,
    roles: usize,
}

/// A role that a point was given, and how surely, 0..1.
pub(in crate::matching) struct Given<'a> {
    pub role: usize,
    pub place: &'a Place,
    pub sureness: f64,
}

impl OrderOfRoles {
    /// Logarithmic odds for a role at a place, by the roles that stand at others.
    pub fn speaks_for(&self, role: usize, place: &Place, given: &[Given]) -> f64 {
        let by = |given: &Given| {
            let odds = given.sureness * self.odds[role * self.roles + given.role];
            match place.cmp(given.place) {
                Ordering::Less => odds,
                Ordering::Equal => 0.0,
                Ordering::Greater => -odds,
            }
        };
        let sum: f64 = given.iter().filter(|given| given.role != role).map(by).sum();
        (SHARE * sum).clamp(-MOST, MOST)
    }
}
