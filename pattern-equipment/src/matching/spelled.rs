//! A name for the role of a point that the library has none for: what its own words say, spelled out.

use super::features::PointFeatures;
use super::memory::SiteMemory;
use super::reading::{ClusterReading, PointReading, Wordings};
use crate::naming;

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
