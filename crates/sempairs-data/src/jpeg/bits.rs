//! Bits of entropy-coded data.

use super::damage::Damage;

/// A reader of one interval between two markers, without the bytes stuffed behind FF.
///
/// Behind the interval's end it reads zeros; [`finish`](Self::finish) tells whether that happened.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// Bytes taken into `word`; more than there are behind the end.
    taken: usize,
    /// The next bits, from the highest on. Those behind the first `ready` may be there already.
    word: u64,
    ready: u32,
}

/// Bytes that may lie between a picture's last bit and the next marker, all 00 or all FF: some
/// encoders fill up to a multiple of two or four bytes.
const MAX_PADDING: usize = 3;

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, taken: 0, word: 0, ready: 0 }
    }

    /// Makes at least 32 bits ready: a code of 16 and the bits of its value.
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
            // Clears what a refill of whole words left behind the ready bits.
            self.word &= !(u64::MAX >> self.ready);
            self.word |= u64::from(byte) << (56 - self.ready);
            self.taken += 1;
            self.ready += 8;
        }
    }

    /// The next `count` bits, 1 to 16.
    #[inline(always)]
    pub(super) fn peek(&self, count: u32) -> u32 {
        (self.word >> (64 - count)) as u32
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.word <<= count;
        self.ready -= count;
    }

    /// Takes `count` bits, 1 to 16, of those that are ready.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.skip(count);
        bits
    }

    /// Takes one bit, and refills if none is ready.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        self.take(1) == 1
    }

    /// Whether bits were read that are not there.
    #[inline]
    pub(super) fn overrun(&self) -> bool {
        8 * self.taken - self.ready as usize > 8 * self.data.len()
    }

    /// Checks, behind the last block, that the interval was read to its end and no further.
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
