use sha2::{Digest, Sha256};

/// A short hash of everything that a stage's result depends on.
pub(crate) fn version_of<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut hash = Sha256::new();
    // Another release may see something else in the same data.
    hash.update(env!("CARGO_PKG_VERSION"));
    for part in parts {
        let part = part.as_ref();
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..12].iter().map(|b| format!("{b:02x}")).collect()
}
