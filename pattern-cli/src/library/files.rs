use anyhow::{Context, Result, bail};
use pattern_core::library::{PatternSpec, Written, parse, to_toml};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The patterns of these files and of the `*.toml` files of these folders, and what cannot be read.
pub fn read(paths: &[PathBuf]) -> Result<(Vec<Written>, Vec<String>)> {
    let (mut patterns, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        for file in files_of(path)? {
            let text =
                fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (found, errors) = parse(&text, &file.display().to_string());
            if found.is_empty() && errors.is_empty() {
                problems.push(format!("{}: no pattern in it; see docs/library-format.md", file.display()));
            }
            patterns.extend(found);
            problems.extend(errors.iter().map(ToString::to_string));
        }
    }
    Ok((patterns, problems))
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    if files.is_empty() {
        bail!("{} holds no *.toml file; name a folder with pattern files", path.display());
    }
    files.sort();
    Ok(files)
}

/// Writes one file per category and answers their paths.
pub fn write(folder: &Path, specs: Vec<PatternSpec>) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("folder {} cannot be made", folder.display()))?;
    let mut by_file: BTreeMap<PathBuf, Vec<PatternSpec>> = BTreeMap::new();
    for spec in specs {
        by_file.entry(folder.join(file_name(spec.category()))).or_default().push(spec);
    }
    for (path, specs) in &by_file {
        fs::write(path, text(specs)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(by_file.into_keys().collect())
}

/// Patterns by name, in the library's format.
pub fn text(specs: &[PatternSpec]) -> String {
    let mut specs = specs.to_vec();
    specs.sort_by(|a, b| (a.kind(), a.name()).cmp(&(b.kind(), b.name())));
    to_toml(&specs)
}

/// `HeatExchanger` as `heat_exchanger.toml`.
fn file_name(category: &str) -> String {
    let mut name = String::new();
    let mut after_lowercase = false;
    for letter in category.chars() {
        if letter.is_uppercase() && after_lowercase {
            name.push('_');
        }
        if letter.is_alphanumeric() {
            name.extend(letter.to_lowercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
        after_lowercase = letter.is_lowercase();
    }
    let name = name.trim_matches('_');
    format!("{}.toml", if name.is_empty() { "patterns" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_makes_a_readable_file_name() {
        for (category, expected) in [
            ("HeatExchanger", "heat_exchanger.toml"),
            ("HVAC", "hvac.toml"),
            ("Solar / Storage", "solar_storage.toml"),
            ("../etc", "etc.toml"),
            ("", "patterns.toml"),
        ] {
            assert_eq!(file_name(category), expected, "{category}");
        }
    }
}
