//! Errors in entropy-coded data.

use std::fmt;

/// Reason why the data of a scan must be damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Bits that do not begin with a code of the Huffman table.
    NoCode,
    /// More than 64 coefficients in a block.
    LongBlock,
    /// A coefficient that is too large for an 8-bit picture.
    Coefficient,
    /// The interval ends before its last block.
    Short,
    /// Bytes remain after the interval's last block.
    Surplus(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCode => f.write_str("bits that are not a Huffman code"),
            Self::LongBlock => f.write_str("a block of more than 64 coefficients"),
            Self::Coefficient => f.write_str("a coefficient out of range"),
            Self::Short => f.write_str("the data end early"),
            Self::Surplus(bytes) => write!(f, "{bytes} bytes remain after the last block"),
        }
    }
}
