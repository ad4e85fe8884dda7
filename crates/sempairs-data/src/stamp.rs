use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// What the system knows of the file that a picture lies in. Where it has changed, the picture may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The file's length in bytes.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970; `None` where the system does not tell.
    pub modified: Option<u64>,
}

impl Stamp {
    /// That of a file.
    pub fn of(file: &Metadata) -> Self {
        let modified = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Self { bytes: file.len(), modified }
    }

    /// Both numbers in little-endian bytes, for hashing; an unknown time is 0.
    pub fn to_le_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.bytes.to_le_bytes());
        bytes[8..].copy_from_slice(&self.modified.unwrap_or(0).to_le_bytes());
        bytes
    }
}
