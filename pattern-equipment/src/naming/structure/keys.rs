//! The keys of all names of a data source, each place's understood by themselves.

use super::bare::{bare_names, by_place};
use super::key::NameKey;
use super::of_place::keys_of_place;

/// Keys for all names of a data source.
pub fn name_keys(names: &[&str]) -> Vec<NameKey> {
    let bare = bare_names(names);
    let mut keys = vec![NameKey::default(); names.len()];
    for (place, members) in by_place(&bare) {
        let texts: Vec<&str> = members.iter().map(|&i| bare[i].text.as_str()).collect();
        for (&i, key) in members.iter().zip(keys_of_place(&texts)) {
            let of_place = |key: String| format!("{}{key}", place.to_lowercase());
            keys[i] = NameKey { bare: bare[i].text.clone(), key: key.key.map(of_place), ..key };
        }
    }
    keys
}
