use std::path::Path;

/// Whether a file is a link to something outside of this folder.
pub(crate) fn leads_out(file: &Path, folder: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let is_inside = || Some(file.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?));
    file.is_symlink() && is_inside() != Some(true)
}
