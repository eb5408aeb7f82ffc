use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// PostgreSQL, Kafka, logs and files of the program itself.
const RESERVED: u64 = 256;

/// Raises the process's limit of open files as far as it may, and answers for how many of `connections` that is
/// enough.
pub fn room_for(connections: usize) -> usize {
    let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) else { return connections };
    if let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, most, most) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let Ok((files, _)) = getrlimit(Resource::RLIMIT_NOFILE) else { return connections };
    let room = usize::try_from(files.saturating_sub(RESERVED).max(1)).unwrap_or(usize::MAX);
    if room < connections {
        tracing::warn!(
            "api.max_connections is {connections}, but with {files} open files there is room for {room}; raise the \
             limit of open files (LimitNOFILE, ulimit -n)"
        );
    }
    connections.min(room)
}
