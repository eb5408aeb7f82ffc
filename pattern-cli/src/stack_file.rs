//! `stack.json` in the data folder: where the stack serves that `naia up` started from it.
//!
//! Whoever starts the stack writes it when it serves and removes it on the way out; every other
//! command reads it, so that nobody has to copy addresses.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackFile {
    /// Process id of `naia up`.
    pub pid: u32,
    /// `http://127.0.0.1:5000`
    pub api: String,
    /// Bootstrap servers.
    pub kafka: String,
    pub postgres: String,
}

impl StackFile {
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("stack.json")
    }

    /// What the file says; `None` if no stack runs from this folder.
    pub fn read(data_dir: &Path) -> Result<Option<Self>> {
        let path = Self::path(data_dir);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).with_context(|| {
                format!("{} is damaged; remove it and start `naia up` again", path.display())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Replaces the file in one step, so that a reader never sees half of it.
    pub fn write(&self, data_dir: &Path) -> Result<()> {
        let path = Self::path(data_dir);
        let partial = path.with_extension("json.partial");
        // It names a password, and the folder may be readable by others.
        let private = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&partial);
        let text = serde_json::to_vec_pretty(self)?;
        private
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| fs::rename(&partial, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Removes the file, if it is there.
    pub fn remove(data_dir: &Path) -> Result<()> {
        let path = Self::path(data_dir);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_up_writes_other_commands_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(StackFile::read(dir.path()).unwrap(), None);
        let stack = StackFile {
            pid: 7,
            api: "http://127.0.0.1:5000".into(),
            kafka: "127.0.0.1:9092".into(),
            postgres: "postgres://naia@127.0.0.1/naia".into(),
        };
        stack.write(dir.path()).unwrap();
        assert_eq!(StackFile::read(dir.path()).unwrap(), Some(stack.clone()));
        StackFile::remove(dir.path()).unwrap();
        StackFile::remove(dir.path()).unwrap();
        assert_eq!(StackFile::read(dir.path()).unwrap(), None);
    }
}
