//! What a machine may be called whose points share no name.

use std::collections::BTreeMap;

use crate::naming::language::{Mention, mention};
use crate::naming::language::{TokenKind, tokenize};
use crate::naming::point::NamedPoint;

/// Names for the equipment, the likeliest first: what descriptions call it, and what it is proposed as with the number
/// that its points share.
pub fn equipment_names(points: &[NamedPoint], pattern: &str) -> Vec<String> {
    let mut names: Vec<String> = described(points).into_iter().collect();
    names.extend(shared_number(points).map(|number| format!("{pattern} {number}")));
    names.dedup();
    names
}

/// What most of the descriptions that name a machine call it.
fn described(points: &[NamedPoint]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mentioned = points.iter().filter_map(|point| spoken(mention(&point.description)?));
    mentioned.for_each(|name| *counts.entry(name).or_default() += 1);
    let all: usize = counts.values().sum();
    let (name, count) = counts.into_iter().rev().max_by_key(|(_, count)| *count)?;
    (count >= 2 && count * 2 > all).then_some(name)
}

/// `vav210` as VAV-210 and `pump 5` as Pump 5. A kind alone names no machine.
fn spoken(mention: Mention) -> Option<String> {
    match mention {
        Mention::Tag(tag) => {
            let digits = tag.find(|c: char| c.is_ascii_digit())?;
            Some(format!("{}-{}", &tag[..digits], &tag[digits..]).to_uppercase())
        }
        Mention::Numbered(text) => {
            let (kind, number) = text.rsplit_once(' ')?;
            let mut letters = kind.chars();
            let first = letters.next()?.to_uppercase();
            Some(format!("{first}{} {}", letters.as_str(), number.to_uppercase()))
        }
        Mention::Kind(_) => None,
    }
}

/// 463 of EY4632, VI4633 and TT4639: the longest beginning of two digits or more that six in ten numbers have.
fn shared_number(points: &[NamedPoint]) -> Option<String> {
    let mut starts: BTreeMap<String, usize> = BTreeMap::new();
    for point in points {
        let numbers = tokenize(&point.name).into_iter().filter(|token| token.kind == TokenKind::Digits);
        let Some(number) = numbers.max_by_key(|token| token.text.len()) else { continue };
        (2..=number.text.len())
            .for_each(|end| *starts.entry(number.text[..end].to_owned()).or_default() += 1);
    }
    let enough = (points.len() * 6).div_ceil(10).max(2);
    starts.into_iter().filter(|(_, count)| *count >= enough).map(|(start, _)| start).max_by_key(String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(points: &[(&str, &str)]) -> Vec<NamedPoint> {
        points
            .iter()
            .map(|(name, description)| NamedPoint {
                name: (*name).into(),
                description: (*description).into(),
                ..NamedPoint::default()
            })
            .collect()
    }

    #[test]
    fn a_machine_is_called_as_its_descriptions_say_or_by_what_it_is_and_its_number() {
        let points =
            named(&[("EY4632", ""), ("VI4633", "VAV-418 DMPR"), ("TT4639", "vav-418 temp"), ("ZI4630", "")]);
        assert_eq!(equipment_names(&points, "VAV"), ["VAV-418", "VAV 463"]);
        let points =
            named(&[("PT6054", "SUC PR PMP #5"), ("PT6055", "DISCH PR PMP #5"), ("II6056", "PMP #6")]);
        assert_eq!(equipment_names(&points, "Centrifugal Pump"), ["Pump 5", "Centrifugal Pump 605"]);
        let points = named(&[("A", "steam"), ("B", "water")]);
        assert_eq!(equipment_names(&points, "Boiler"), Vec::<String>::new());
    }

    #[test]
    fn descriptions_that_name_several_machines_name_none() {
        let points = named(&[("X11", "PMP #5"), ("Y12", "PMP #5"), ("Z13", "PMP #6"), ("W14", "PMP #7")]);
        assert_eq!(equipment_names(&points, "Pump"), Vec::<String>::new());
    }
}
