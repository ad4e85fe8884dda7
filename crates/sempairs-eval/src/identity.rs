//! Short names for long things: a 64-bit hash that is the same on every machine and in every version.

use std::fmt;

/// The FNV-1a hash of a sequence of bytes, written as 16 hexadecimal digits.
///
/// `h = 0xcbf29ce484222325; for each byte: h = (h xor byte) * 0x100000001b3` in wrapping 64-bit
/// arithmetic (Fowler, Noll and Vo, <https://www.rfc-editor.org/rfc/rfc9923>). It tells apart what
/// differs by accident, not what is made to collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(u64);

impl Identity {
    /// The identity of nothing yet.
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// The identity of what came before followed by `bytes`.
    #[must_use]
    pub fn and(self, bytes: &[u8]) -> Self {
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, step))
    }

    /// As [`and`](Self::and), with the length first, so that "ab", "c" is not "a", "bc".
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

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors that the authors publish.
    #[test]
    fn is_fnv_1a() {
        assert_eq!(Identity::new().to_string(), "cbf29ce484222325");
        assert_eq!(Identity::new().and(b"a").to_string(), "af63dc4c8601ec8c");
        assert_eq!(Identity::new().and(b"foobar").to_string(), "85944171f73967e8");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let join = |a: &[u8], b: &[u8]| Identity::new().and_field(a).and_field(b);
        assert_ne!(join(b"ab", b"c"), join(b"a", b"bc"));
    }
}
