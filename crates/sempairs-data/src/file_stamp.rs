use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// Length and modification time of a picture's file. If either has changed, the picture may have
/// changed too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Time of the last modification, in nanoseconds since 1970-01-01 UTC; `None` if the system
    /// does not report it.
    pub modified: Option<u64>,
}

impl Stamp {
    /// Reads the stamp from a file's metadata.
    pub fn of(file: &Metadata) -> Self {
        let modified = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Self { bytes: file.len(), modified }
    }

    /// Both fields as little-endian bytes, for hashing; an unknown time becomes 0.
    pub fn to_le_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[8..].copy_from_slice(&self.modified.unwrap_or(0).to_le_bytes());
        bytes
    }
}
