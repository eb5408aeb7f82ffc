//! Runs of loop numbers: where engineers numbered an area machine by machine, neighbours in number are
//! neighbours on the machine, although no single number says which.
//!
//! An area's loops in the order of their numbers are cut into runs so that as little as possible speaks
//! against each run being one machine: descriptions of two machines, the same controller twice, holes in
//! the numbers. Which letters a machine's numbers begin with (TIC, then FIC …) is learned from the cuts.

use std::collections::{BTreeMap, BTreeSet};

use crate::naming::language::Mention;
use crate::naming::language::{TokenKind, tokenize};
use crate::naming::language::{is_attribute, isa_tag};
use crate::naming::point::NamedPoint;

/// A run more has to save this much.
const COST_OF_A_RUN: f64 = 1.5;
/// Each description that names another machine than most of its run …
const OTHER_MACHINE: f64 = 2.0;
/// … the same controller again, or the same kind of indicator …
const CONTROLLER_AGAIN: f64 = 1.5;
const INDICATOR_AGAIN: f64 = 0.2;
/// … and each missing number, up to this many.
const MISSING_NUMBER: f64 = 0.4;
const MOST_MISSING: u64 = 6;
/// More letters than this per loop number say that the numbers do not run.
const MOST_LETTERS_PER_NUMBER: f64 = 1.4;
/// A machine has no more loops than this.
const LONGEST: usize = 40;
/// What the first letters of a run can weigh at most.
const MOST_TELLING_START: f64 = 1.5;
const ROUNDS: usize = 4;
/// Neighbours whose descriptions name a machine, from which one can tell whether numbers run by machine …
const ENOUGH_TO_JUDGE: usize = 8;
/// … which they do if this share of them names the same one; chance would have one in dozens.
const MOSTLY_THE_SAME: f64 = 0.35;

/// All points of one loop number.
#[derive(Debug, Default)]
struct Loop {
    number: u64,
    points: Vec<u32>,
    codes: BTreeSet<Code>,
    tags: Vec<String>,
    numbered: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Code {
    letters: String,
    attribute: String,
}

impl Code {
    fn is_controller(&self) -> bool {
        self.letters.len() > 2 && self.letters.ends_with('C')
    }
}

/// Points (by index) of the same run, for runs of several loops. `candidates` are those whose name does not
/// tell their equipment.
pub(in crate::naming) fn runs(
    points: &[NamedPoint],
    mentions: &[Option<Mention>],
    candidates: &[usize],
) -> Vec<Vec<u32>> {
    let mut areas: BTreeMap<String, BTreeMap<u64, Loop>> = BTreeMap::new();
    for &i in candidates {
        let Some((area, number, code)) = read(&points[i].name) else { continue };
        let here = areas.entry(area).or_default().entry(number).or_default();
        here.number = number;
        here.points.push(i as u32);
        here.codes.insert(code);
        match &mentions[i] {
            Some(Mention::Tag(tag)) => here.tags.push(tag.clone()),
            Some(Mention::Numbered(number)) => here.numbered.push(number.clone()),
            _ => {}
        }
    }
    let areas: Vec<Vec<Loop>> = areas
        .into_values()
        .map(|loops| loops.into_values().collect::<Vec<Loop>>())
        .filter(|loops| loops.len() > 1 && counts_loops(loops))
        .collect();
    if !run_by_machine(&areas) {
        return Vec::new();
    }
    let mut starts = Starts::default();
    let mut cuts = Vec::new();
    for _ in 0..ROUNDS {
        cuts = areas.iter().map(|loops| cut(loops, &starts)).collect();
        starts = Starts::learn(&areas, &cuts);
    }
    let mut runs = Vec::new();
    for (loops, cuts) in areas.iter().zip(&cuts) {
        for run in cuts.windows(2).map(|ends| &loops[ends[0]..ends[1]]).filter(|run| run.len() > 1) {
            runs.push(run.iter().flat_map(|l| l.points.iter().copied()).collect());
        }
    }
    runs
}

/// Area (with the letter that tells parallel machines apart), loop number, and what the point is.
fn read(name: &str) -> Option<(String, u64, Code)> {
    let tokens = tokenize(name);
    let tag = isa_tag(&tokens)?;
    let number = &tokens[tag.letters + 1];
    let after = &tokens[tag.letters + 2..];
    let unit = after.first().filter(|t| {
        t.glued
            && t.text.len() == 1
            && t.kind == TokenKind::Letters
            && !(after.len() == 1 && is_attribute(&t.text))
    });
    let attribute =
        after.iter().skip(usize::from(unit.is_some())).rev().find(|t| t.kind == TokenKind::Letters);
    let area: Vec<&str> = tokens[..tag.letters].iter().map(|t| t.text.as_str()).collect();
    let unit = unit.map_or("", |t| t.text.as_str());
    let code = Code {
        letters: tokens[tag.letters].text.clone(),
        attribute: attribute.map_or(String::new(), |t| t.text.to_uppercase()),
    };
    Some((
        format!("{}/{}/{unit}", area.join("|"), number.text.len()).to_lowercase(),
        number.text.parse().ok()?,
        code,
    ))
}

/// Whether numbers count loops. Where many letters share each number (FI-101, TI-101, PI-101) they count
/// something else, or each letter is counted by itself.
fn counts_loops(loops: &[Loop]) -> bool {
    let letters = |l: &Loop| l.codes.iter().map(|code| &code.letters).collect::<BTreeSet<_>>().len();
    let different: usize = loops.iter().map(letters).sum();
    different as f64 <= MOST_LETTERS_PER_NUMBER * loops.len() as f64
}

/// Whether neighbours in number mostly are of the same machine, as far as descriptions tell.
fn run_by_machine(areas: &[Vec<Loop>]) -> bool {
    let (mut judged, mut same) = (0_usize, 0_usize);
    for loops in areas {
        let tags: Vec<&String> = loops.iter().filter_map(|l| l.tags.first()).collect();
        let numbered: Vec<&String> = loops.iter().filter_map(|l| l.numbered.first()).collect();
        for said in [tags, numbered] {
            judged += said.len().saturating_sub(1);
            same += said.windows(2).filter(|pair| pair[0] == pair[1]).count();
        }
    }
    judged >= ENOUGH_TO_JUDGE && same as f64 >= MOSTLY_THE_SAME * judged as f64
}

/// How telling each code is as the first of a run: logarithmic odds against any other place.
#[derive(Default)]
struct Starts(BTreeMap<Code, f64>);

impl Starts {
    fn learn(areas: &[Vec<Loop>], cuts: &[Vec<usize>]) -> Self {
        let mut counts: BTreeMap<Code, (f64, f64)> = BTreeMap::new();
        let (mut runs, mut all) = (0.0, 0.0);
        for (loops, cuts) in areas.iter().zip(cuts) {
            for (i, l) in loops.iter().enumerate() {
                let first = cuts.binary_search(&i).is_ok();
                runs += f64::from(u8::from(first));
                all += 1.0;
                for code in &l.codes {
                    let count = counts.entry(code.clone()).or_default();
                    count.0 += f64::from(u8::from(first));
                    count.1 += 1.0;
                }
            }
        }
        let usual = runs / all;
        let odds = |(first, of): (f64, f64)| {
            let share = (first + usual) / (of + 1.0);
            (share / usual).ln().clamp(-MOST_TELLING_START, MOST_TELLING_START)
        };
        Self(counts.into_iter().map(|(code, count)| (code, odds(count))).collect())
    }

    /// Of several codes of a loop the most telling one.
    fn odds(&self, first: &Loop) -> f64 {
        let odds = first.codes.iter().filter_map(|code| self.0.get(code));
        odds.copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
    }
}

/// Where the runs begin, and the end: the cheapest way to cut, by dynamic programming.
fn cut(loops: &[Loop], starts: &Starts) -> Vec<usize> {
    let mut best: Vec<(f64, usize)> = vec![(0.0, 0)];
    for end in 1..=loops.len() {
        let mut run = Run::default();
        let mut cheapest = (f64::INFINITY, end - 1);
        for begin in (end.saturating_sub(LONGEST)..end).rev() {
            run.add(&loops[begin], loops.get(begin + 1).filter(|_| begin + 1 < end));
            let cost = best[begin].0 + COST_OF_A_RUN + run.cost() - starts.odds(&loops[begin]);
            if cost < cheapest.0 {
                cheapest = (cost, begin);
            }
        }
        best.push(cheapest);
    }
    let mut cuts = vec![loops.len()];
    while let Some(&end) = cuts.last().filter(|end| **end > 0) {
        cuts.push(best[end].1);
    }
    cuts.reverse();
    cuts
}

/// What speaks against some loops being one machine.
#[derive(Default)]
struct Run<'a> {
    tags: BTreeMap<&'a str, usize>,
    numbered: BTreeMap<&'a str, usize>,
    codes: BTreeMap<&'a Code, usize>,
    missing: u64,
}

impl<'a> Run<'a> {
    fn add(&mut self, l: &'a Loop, next: Option<&Loop>) {
        l.tags.iter().for_each(|tag| *self.tags.entry(tag).or_default() += 1);
        l.numbered.iter().for_each(|number| *self.numbered.entry(number).or_default() += 1);
        l.codes.iter().for_each(|code| *self.codes.entry(code).or_default() += 1);
        self.missing += next.map_or(0, |next| (next.number - l.number - 1).min(MOST_MISSING));
    }

    fn cost(&self) -> f64 {
        let others = |said: &BTreeMap<&str, usize>| {
            said.values().sum::<usize>() - said.values().max().copied().unwrap_or(0)
        };
        let again = |(code, count): (&&Code, &usize)| {
            let worth = if code.is_controller() { CONTROLLER_AGAIN } else { INDICATOR_AGAIN };
            worth * (count - 1) as f64
        };
        OTHER_MACHINE * (others(&self.tags) + others(&self.numbered)) as f64
            + self.codes.iter().map(again).sum::<f64>()
            + MISSING_NUMBER * self.missing as f64
    }
}
