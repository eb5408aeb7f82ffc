use pattern_core::domain::Word;
use std::{fmt::Display, io};

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL does not answer; trying again later may help.
    #[error("postgres is not available: {0}")]
    Unavailable(String),
    /// PostgreSQL answers and will not have us, as things are set.
    #[error("postgres cannot be used with these settings: {0}; check postgres.url")]
    Refused(String),
    /// The database lacks tables of this version.
    #[error("{0}: bring it up to this version with `naia-pattern-worker --run-migrations`")]
    NotMigrated(String),
    #[error("{0} does not exist")]
    NotFound(String),
    #[error("{0}")]
    UnknownJob(String),
    /// Who asks may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Somebody else was faster, or the state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// There is equipment of this name, and what was asked is about other points.
    #[error("{0}")]
    EquipmentExists(String),
    /// What was asked makes no sense; asking again will not help.
    #[error("{0}")]
    Invalid(String),
    #[error("migration failed: {0}")]
    Migration(String),
    #[error("database error: {0}")]
    Database(#[source] sqlx::Error),
    /// A stored value cannot be read back.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
}

/// The word that a column of a row holds; one that is none of ours names the row.
pub(crate) fn stored<T: Word>(what: &str, id: impl Display, text: &str) -> Result<T> {
    T::read(text).map_err(|problem| StoreError::Corrupt(format!("of {what} {id}: {problem}")))
}

impl StoreError {
    pub(crate) fn read_only() -> Self {
        Self::Unavailable("read-only: this server takes no writes, waiting for one that does".into())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) => match by_code(&e.code().unwrap_or_default(), e.message()) {
                Some(known) => known,
                None => Self::Database(error),
            },
            // The TLS handshake: a certificate that is not trusted, say.
            sqlx::Error::Io(e) if e.kind() == io::ErrorKind::InvalidData => {
                Self::Refused(format!("tls: {e}"))
            }
            sqlx::Error::Tls(e) => Self::Refused(format!("tls: {e}")),
            sqlx::Error::Configuration(e) => Self::Refused(e.to_string()),
            sqlx::Error::PoolTimedOut => Self::Unavailable(
                "no connection was free in time: it does not answer, or all of postgres.max_connections are in use"
                    .into(),
            ),
            sqlx::Error::Io(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

/// What the codes of PostgreSQL mean to whoever asked.
fn by_code(code: &str, message: &str) -> Option<StoreError> {
    // A day's table is dropped when the day is sealed; whoever reads it knows what to do.
    let names_a_day = message.contains("samples_2") || message.contains("samples_1");
    match code {
        // The values themselves are wrong, say a zero character in a text or the year 300000.
        _ if code.starts_with("22") => {
            Some(StoreError::Invalid(format!("the database cannot keep a value: {message}")))
        }
        "25006" => Some(StoreError::read_only()),
        // The password, the role, what pg_hba.conf says, the database.
        "28P01" | "28000" | "3D000" => Some(StoreError::Refused(message.to_owned())),
        // A table, a column, a function or a schema that does not exist.
        "42P01" | "42703" | "42883" | "3F000" if !names_a_day => {
            Some(StoreError::NotMigrated(format!("the database lacks what this version needs ({message})")))
        }
        // 57P0x: shutting down, crashed, starting up; 08xxx: connection; 53300: too many connections;
        // 55000: the database takes no connections
        "53300" | "55000" => Some(StoreError::Unavailable(message.to_owned())),
        _ if code.starts_with("57P0") || code.starts_with("08") => {
            Some(StoreError::Unavailable(message.to_owned()))
        }
        _ => None,
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}
