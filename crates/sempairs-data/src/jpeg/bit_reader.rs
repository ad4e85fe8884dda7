//! Bit reader for entropy-coded data.

use super::damage::Damage;
use super::huffman::Code;

/// Reads the bits of one interval between two markers, from which the zero bytes stuffed after FF
/// have been removed.
///
/// Beyond the end of the interval it reads zeros; [`finish`](Self::finish) reports whether that
/// happened.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    /// Number of bytes moved into `word`, which exceeds the length of the data beyond its end.
    taken: usize,
    /// The next bits, most significant first. Bits after the first `ready` may already be present.
    word: u64,
    ready: u32,
}

/// Maximum number of bytes, all 00 or all FF, between the last bit of the picture and the next
/// marker: some encoders pad to a multiple of two or four bytes.
const MAX_PADDING: usize = 3;

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, taken: 0, word: 0, ready: 0 }
    }

    /// Makes at least 32 bits ready, enough for a code of 16 bits and the bits of its value.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.ready < 32 {
            if let Some(next) = self.data.get(self.taken..self.taken + 8) {
                let next = u64::from_be_bytes(next.try_into().expect("eight bytes"));
                self.word |= next >> self.ready;
                self.taken += ((63 - self.ready) >> 3) as usize;
                self.ready |= 56;
            } else {
                self.refill_at_the_end();
            }
        }
    }

    #[cold]
    fn refill_at_the_end(&mut self) {
        while self.ready <= 56 {
            let byte = self.data.get(self.taken).copied().unwrap_or(0);
            // Clears bits after the ready ones that the refill of whole words has left.
            self.word &= !(u64::MAX >> self.ready);
            self.word |= u64::from(byte) << (56 - self.ready);
            self.taken += 1;
            self.ready += 8;
        }
    }

    /// Returns the next `count` bits (1 to 16) without consuming them.
    #[inline(always)]
    pub(super) fn peek(&self, count: u32) -> u32 {
        (self.word >> (64 - count)) as u32
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.word <<= count;
        self.ready -= count;
    }

    /// Consumes `count` ready bits (1 to 16).
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// Consumes a code and the value that follows it, whose size is not zero, and returns the
    /// signed value (T.81, table F.1). All these bits must be ready.
    #[inline(always)]
    pub(super) fn value(&mut self, code: Code) -> i32 {
        let (size, word) = (code.size(), self.word << code.length());
        let value = (word >> (64 - size)) as i32;
        // A value that begins with a zero bit is negative. There is no branch, because it could not
        // be predicted.
        let negative = !(word as i64 >> 63) as i32;
        self.skip(code.total());
        value + (negative & (1 - (1 << size)))
    }

    /// Consumes one bit, after a refill if necessary.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        self.take(1) == 1
    }

    /// Returns true if bits beyond the end of the data were read.
    #[inline]
    pub(super) fn overrun(&self) -> bool {
        8 * self.taken - self.ready as usize > 8 * self.data.len()
    }

    /// Checks, after the last block, that the interval was read exactly to its end.
    pub(super) fn finish(&self) -> Result<(), Damage> {
        if self.overrun() {
            return Err(Damage::Short);
        }
        let used = (8 * self.taken - self.ready as usize).div_ceil(8);
        let rest = &self.data[used..];
        let padding = rest.iter().all(|&byte| byte == 0) || rest.iter().all(|&byte| byte == 0xFF);
        if rest.len() > MAX_PADDING || !padding {
            return Err(Damage::Surplus(rest.len()));
        }
        Ok(())
    }
}
