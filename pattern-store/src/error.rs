use std::io;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL does not answer; trying again later may help.
    #[error("postgres is not available: {0}")]
    Unavailable(String),
    #[error("{0} does not exist")]
    NotFound(String),
    /// Somebody else was faster, or the state does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// What was asked makes no sense; asking again will not help.
    #[error("{0}")]
    Invalid(String),
    #[error("migration failed: {0}")]
    Migration(String),
    #[error("database error: {0}")]
    Database(#[source] sqlx::Error),
    /// A stored value can not be read back.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // 22xxx: the values themselves are wrong, say a zero character in a text or the year 300000.
        if let sqlx::Error::Database(e) = &error
            && e.code().is_some_and(|code| code.starts_with("22"))
        {
            return Self::Invalid(format!("the database can not keep a value: {}", e.message()));
        }
        let away = match &error {
            sqlx::Error::Io(e) => !matches!(e.kind(), io::ErrorKind::InvalidData),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
            // 57P0x: shutting down, crashed, starting up; 08xxx: connection; 53300: too many connections;
            // 55000: the database takes no connections
            sqlx::Error::Database(e) => e.code().is_some_and(|c| {
                c.starts_with("57P0") || c.starts_with("08") || c == "53300" || c == "55000"
            }),
            _ => false,
        };
        if away { Self::Unavailable(error.to_string()) } else { Self::Database(error) }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}
