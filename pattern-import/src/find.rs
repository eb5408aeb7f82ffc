//! The files of a folder and of those in it.

use anyhow::{Context, Result, bail};
use std::{
    collections::HashMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};
use zip::ZipArchive;

use crate::{
    archive,
    limits::MOST_FILES,
    links::leads_out,
    mapping,
    shown::shown_up_to,
    source::{MOST_NAME, PACKED, Place, Source, is_known, read_up_to},
    stop::Stop,
};

/// Folders within folders within the one that is imported. Exports have one or two; deeper down lies something else.
const DEEPEST: usize = 6;

/// What there is to read, by name, and what is left alone.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub sources: Vec<Source>,
    /// Files that are no data.
    pub others: Vec<String>,
    /// Files whose names begin with a point.
    pub hidden: Vec<String>,
    /// (what, why) of anything else.
    pub refused: Vec<(String, &'static str)>,
}

/// The files of a folder and of those in it, or the one file that is named; zip archives are opened. Who names a link
/// means what it leads to; one in a folder came with the export, and may lead to what is nobody's business.
pub(crate) fn find(path: &Path, stop: &Stop) -> Result<Found> {
    if !path.exists() {
        bail!("there is no folder or file {}", path.display());
    }
    let mut found = Found::default();
    if path.is_dir() {
        let root = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
        found.walk(&root, path, "", 0)?;
    } else if path.is_file() {
        found.take(path, "")?;
    } else {
        // A pipe or a device cannot be looked at first and read then.
        bail!("{} is neither a folder nor a file", path.display());
    }
    if found.sources.len() > MOST_FILES {
        bail!(
            "{} holds {} files, and {MOST_FILES} are read at once; import a part of them at a time, with the same --data-source",
            path.display(),
            found.sources.len()
        );
    }
    refuse_twins(&found.sources)?;
    found.sources.iter_mut().for_each(|source| source.stop = stop.clone());
    Ok(found)
}

impl Found {
    /// `folder`: the way to `dir` from the root.
    fn walk(&mut self, root: &Path, dir: &Path, folder: &str, depth: usize) -> Result<()> {
        let cannot = || format!("cannot read {}", dir.display());
        let entries =
            dir.read_dir().with_context(cannot)?.collect::<io::Result<Vec<_>>>().with_context(cannot)?;
        let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
        // The files of a folder before what is in those below it.
        paths.sort_by_key(|path| (path.is_dir(), path.clone()));
        for path in paths {
            let name = file_name(&path);
            if is_of_a_system(&name) || depth == 0 && name == mapping::FILE || is_rejects(&name) {
                continue;
            }
            let way = joined(folder, &name);
            if name.starts_with('.') {
                self.hidden.push(way);
                continue;
            }
            match path.is_dir() {
                // What it leads to is read where it lies, or is none of this folder's.
                true if path.is_symlink() => self.refused.push((way, "is a link to a folder")),
                true if depth == DEEPEST => self.refused.push((way, "lies too deep")),
                true => self.walk(root, &path, &way, depth + 1)?,
                false if !is_data(&name) => self.others.push(way),
                false if leads_out(&path, root) => {
                    self.refused.push((way, "is a link that leads out of the folder"));
                }
                false if path.is_file() => self.take(&path, folder)?,
                false => self.refused.push((way, "is no file")),
            }
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, folder: &str) -> Result<()> {
        if is_archive(path)? {
            return self.list(path, folder);
        }
        let size = path.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
        let name = joined(folder, &file_name(path));
        self.sources.push(source(&name, folder, &name, Place::File(path.to_path_buf()), size));
        Ok(())
    }

    /// What is in an archive is read where it lies.
    fn list(&mut self, path: &Path, folder: &str) -> Result<()> {
        let of = joined(folder, &file_name(path));
        let mut listed = Vec::new();
        for (name, member) in archive::members(path)? {
            let way = name.replace('\\', "/");
            if way.split('/').any(is_of_a_system) {
                continue;
            }
            let name = format!("{of}/{way}");
            if way.split('/').any(|part| part.starts_with('.')) {
                self.hidden.push(name);
                continue;
            }
            let (inside, file) = way.rsplit_once('/').unwrap_or(("", &way));
            if !is_data(file) {
                self.others.extend((!is_rejects(file)).then_some(name));
                continue;
            }
            let packed = member.packed;
            listed.push(source(&name, &joined(folder, inside), &of, Place::Member(member), packed));
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        self.sources.append(&mut listed);
        Ok(())
    }
}

fn source(name: &str, folder: &str, file_on_disk: &str, place: Place, size: u64) -> Source {
    Source {
        // It goes to the terminal in many sentences.
        name: shown_up_to(MOST_NAME, name),
        folder: folder.to_owned(),
        file_on_disk: file_on_disk.to_owned(),
        place,
        size,
        stop: Stop::default(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn joined(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", _) => name.to_owned(),
        (_, "") => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// The name in small letters without the ending of a packing.
fn unpacked_name(name: &str) -> String {
    let name = name.to_lowercase();
    let plain = PACKED.iter().find_map(|ending| name.strip_suffix(&format!(".{ending}")));
    plain.map_or(name.clone(), str::to_owned)
}

/// What desktops leave behind, which nobody exported.
fn is_of_a_system(name: &str) -> bool {
    name == "__MACOSX" || name == ".DS_Store" || name.starts_with("._")
}

/// What an earlier import wrote.
fn is_rejects(name: &str) -> bool {
    unpacked_name(name).ends_with("rejects.csv")
}

fn is_data(name: &str) -> bool {
    let plain = unpacked_name(name);
    !is_rejects(name) && plain.rsplit_once('.').is_some_and(|(_, ending)| is_known(ending) || ending == "zip")
}

/// A zip archive that is no workbook: those are zip archives too.
fn is_archive(path: &Path) -> Result<bool> {
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut first = [0; 4];
    let length = read_up_to(&mut file, &mut first)?;
    if first[..length] != *b"PK\x03\x04" {
        return Ok(false);
    }
    let archive = ZipArchive::new(file).with_context(|| format!("{} is damaged", path.display()))?;
    let is_workbook =
        ["[Content_Types].xml", "mimetype"].iter().any(|name| archive.index_for_name(name).is_some());
    Ok(!is_workbook)
}

fn refuse_twins(sources: &[Source]) -> Result<()> {
    let mut known: HashMap<&str, &str> = HashMap::new();
    for Source { name, .. } in sources {
        let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(name);
        if let Some(twin) = known.insert(plain, name) {
            bail!("{twin} and {name} may be the same samples; keep one of them");
        }
    }
    Ok(())
}
