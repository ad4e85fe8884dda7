//! What can be wrong with entropy-coded data.

use std::fmt;

/// Why the data of a scan cannot be those that were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Bits that begin with no code of the table.
    NoCode,
    /// More than 64 coefficients in a block.
    LongBlock,
    /// A coefficient larger than any of an 8-bit picture.
    Coefficient,
    /// The interval ends before its last block.
    Short,
    /// Bytes behind the interval's last block.
    Surplus(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCode => f.write_str("bits that are no Huffman code"),
            Self::LongBlock => f.write_str("a block of more than 64 coefficients"),
            Self::Coefficient => f.write_str("a coefficient out of range"),
            Self::Short => f.write_str("its data end early"),
            Self::Surplus(bytes) => write!(f, "{bytes} bytes are left over behind its last block"),
        }
    }
}
