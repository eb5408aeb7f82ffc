use anyhow::{Context, Result, bail};
use nix::unistd::Uid;
use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The folder that holds everything a stack keeps. While this value lives, no other stack can use it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
}

impl DataDir {
    /// `/var/lib/naia` for root (a service's place), else the user's own data folder.
    pub fn default_path() -> PathBuf {
        if Uid::effective().is_root() {
            return PathBuf::from("/var/lib/naia");
        }
        let data_home = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home =
            || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/tmp".into())).join(".local/share");
        data_home.unwrap_or_else(home).join("naia")
    }

    /// Creates the folder where it is missing and locks it.
    pub fn open(path: &Path) -> Result<Self> {
        // A folder that was there before keeps its rights: it may hold other things too.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.with_context(|| format!("data folder {} cannot be created", path.display()))?;
        let path =
            path.canonicalize().with_context(|| format!("data folder {} cannot be used", path.display()))?;
        let lock = Self::lock(&path)?;
        Ok(Self { path, lock })
    }

    fn lock(path: &Path) -> Result<File> {
        let file = path.join("lock");
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&file)
            .with_context(|| format!("{} cannot be opened", file.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder).context("the lock file cannot be read")?;
                bail!(
                    "the data folder {} is in use by another naia (process {}): stop that one, or choose another folder with --data-dir",
                    path.display(),
                    holder.trim()
                );
            }
            Err(TryLockError::Error(e)) => {
                return Err(e).with_context(|| format!("{} cannot be locked", file.display()));
            }
        }
        lock.set_len(0)?;
        lock.rewind()?;
        writeln!(lock, "{}", std::process::id())?;
        Ok(lock)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.path.join(name);
        fs::create_dir_all(&folder)
            .with_context(|| format!("folder {} cannot be created", folder.display()))?;
        Ok(folder)
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Closing alone is not enough: a child that is just being born has the file open too.
        drop(self.lock.unlock());
    }
}
