use anyhow::{Context, Result, anyhow, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest release whose SQL the migrations keep to.
const OLDEST_MAJOR: u32 = 14;

/// One installed PostgreSQL server.
#[derive(Debug, Clone)]
pub(crate) struct PostgresPrograms {
    pub folder: PathBuf,
    pub major: u32,
}

impl PostgresPrograms {
    /// The newest installed one, or the one that made the existing cluster in `cluster`.
    pub fn find(cluster: &Path) -> Result<Self> {
        let installed = installed();
        let newest = installed.iter().max_by_key(|p| p.major);
        let Some(newest) = newest else {
            bail!(
                "no PostgreSQL server is installed (looked in NAIA_POSTGRES_BIN, PATH and /usr/lib/postgresql): \
                 install it (Debian: apt-get install postgresql), or name a running one with --postgres URL"
            );
        };
        if newest.major < OLDEST_MAJOR {
            bail!("PostgreSQL {} is too old: install {OLDEST_MAJOR} or newer", newest.major);
        }
        let Some(made_by) = cluster_major(cluster)? else { return Ok(newest.clone()) };
        installed.iter().find(|p| p.major == made_by).cloned().ok_or_else(|| {
            anyhow!(
                "the data in {} was made by PostgreSQL {made_by}, but only {} is installed: \
                 install postgresql-{made_by}, or move the data with pg_upgrade",
                cluster.display(),
                newest.major
            )
        })
    }

    pub fn command(&self, program: &str) -> Command {
        Command::new(self.folder.join(program))
    }
}

/// Major version of an existing cluster; `None` where there is none yet.
fn cluster_major(cluster: &Path) -> Result<Option<u32>> {
    let file = cluster.join("PG_VERSION");
    if !file.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let major = text.trim().split('.').next().and_then(|digits| digits.parse().ok());
    major.map(Some).ok_or_else(|| anyhow!("{} does not hold a version", file.display()))
}

fn installed() -> Vec<PostgresPrograms> {
    let mut folders: Vec<PathBuf> = Vec::new();
    folders.extend(env::var_os("NAIA_POSTGRES_BIN").map(PathBuf::from));
    folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    for parent in ["/usr/lib/postgresql", "/usr/lib64/pgsql", "/usr/local/pgsql"] {
        folders.push(Path::new(parent).join("bin"));
        let versions = fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(versions.map(|entry| entry.path().join("bin")));
    }
    folders.into_iter().filter_map(look_into).collect()
}

fn look_into(folder: PathBuf) -> Option<PostgresPrograms> {
    if !folder.join("initdb").is_file() {
        return None;
    }
    // "postgres (PostgreSQL) 15.18 (Debian …)"
    let answer = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let version = text.split_whitespace().nth(2)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some(PostgresPrograms { folder, major: digits.parse().ok()? })
}
