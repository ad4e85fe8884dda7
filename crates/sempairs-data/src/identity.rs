//! A 64-bit hash that is the same on every machine and in every version.

use std::fmt;

/// 64-bit FNV-1a hash of a sequence of bytes, displayed as 16 hexadecimal digits.
///
/// `h = 0xcbf29ce484222325; for each byte: h = (h xor byte) * 0x100000001b3` in wrapping 64-bit
/// arithmetic (Fowler, Noll and Vo, <https://www.rfc-editor.org/rfc/rfc9923>). It is
/// not a cryptographic hash: it detects accidental differences, not deliberate collisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(u64);

impl Identity {
    /// The hash of the empty sequence.
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// The hash of the sequence so far followed by `bytes`.
    #[must_use]
    pub fn and(self, bytes: &[u8]) -> Self {
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, step))
    }

    /// As [`and`](Self::and), with the length of `bytes` before them, so that the hash of the
    /// fields "ab" and "c" differs from that of "a" and "bc".
    #[must_use]
    pub fn and_field(self, bytes: &[u8]) -> Self {
        self.and(&(bytes.len() as u64).to_le_bytes()).and(bytes)
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Identity> for u64 {
    fn from(identity: Identity) -> Self {
        identity.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vectors published by the authors.
    #[test]
    fn is_fnv_1a() {
        assert_eq!(Identity::new().to_string(), "cbf29ce484222325");
        assert_eq!(Identity::new().and(b"a").to_string(), "af63dc4c8601ec8c");
        assert_eq!(Identity::new().and(b"foobar").to_string(), "85944171f73967e8");
    }

    #[test]
    fn the_boundaries_of_fields_matter() {
        let join = |a: &[u8], b: &[u8]| Identity::new().and_field(a).and_field(b);
        assert_ne!(join(b"ab", b"c"), join(b"a", b"bc"));
    }
}
