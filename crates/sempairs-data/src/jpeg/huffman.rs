//! Huffman decoding (ITU-T T.81, annexes C and F.2.2.3).

use super::bit_reader::BitReader;
use super::damage::Damage;

/// Codes up to this length are decoded by a single table lookup.
const LOOKAHEAD: u32 = 10;

/// A Huffman table: maps bit strings to symbols of one byte.
pub(super) struct Huffman {
    /// Indexed by the next ten bits; [`Code::LONG`] for longer codes.
    short: [Code; 1 << LOOKAHEAD],
    /// Indexed by length: the smallest 16-bit word that does not begin with a code of at most that
    /// length.
    limit: [u32; 18],
    /// Indexed by length: the position in `symbols` of the code with value zero.
    offset: [i32; 17],
    symbols: [u8; 256],
}

/// A decoded code: its symbol, and the lengths by which the reader advances.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(u32);

impl Code {
    /// Stands for a code of more than [`LOOKAHEAD`] bits.
    const LONG: Self = Self(0);

    fn new(symbol: u8, length: u32) -> Self {
        Self(u32::from(symbol) << 16 | (length + u32::from(symbol & 15)) << 8 | length)
    }

    /// Number of bits of the code.
    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 & 0xFF
    }

    /// Number of bits of the code and of the value that follows it.
    #[inline(always)]
    pub(super) fn total(self) -> u32 {
        self.0 >> 8 & 0xFF
    }

    #[inline(always)]
    pub(super) fn symbol(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// The lower half of the symbol: number of bits of the value that follows the code.
    #[inline(always)]
    pub(super) fn size(self) -> u32 {
        self.0 >> 16 & 15
    }

    /// The upper half of the symbol: number of zeros before the coefficient.
    #[inline(always)]
    pub(super) fn run(self) -> usize {
        (self.0 >> 20) as usize
    }
}

impl Huffman {
    /// Creates the table from its symbols in order of code length; `counts[i]` of them have `i + 1`
    /// bits.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, &'static str> {
        let mut table = Self {
            short: [Code::LONG; 1 << LOOKAHEAD],
            limit: [0; 18],
            offset: [0; 17],
            symbols: [0; 256],
        };
        table.symbols[..symbols.len()].copy_from_slice(symbols);
        let (mut code, mut place) = (0u32, 0usize);
        for length in 1..=16u32 {
            table.offset[length as usize] = place as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                if code >> length != 0 {
                    return Err("a Huffman table has too many codes of one length");
                }
                if length <= LOOKAHEAD {
                    let free = LOOKAHEAD - length;
                    let entries = &mut table.short[(code as usize) << free..][..1 << free];
                    entries.fill(Code::new(symbols[place], length));
                }
                code += 1;
                place += 1;
            }
            table.limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// The next code, which is not consumed. At least 16 bits must have been
    /// [refilled](BitReader::refill).
    #[inline(always)]
    pub(super) fn peek(&self, bits: &BitReader) -> Result<Code, Damage> {
        let code = self.short[bits.peek(LOOKAHEAD) as usize];
        if code == Code::LONG { self.peek_long(bits) } else { Ok(code) }
    }

    #[cold]
    fn peek_long(&self, bits: &BitReader) -> Result<Code, Damage> {
        let word = bits.peek(16);
        let length = (LOOKAHEAD + 1..=16).find(|&length| word < self.limit[length as usize]);
        let length = length.ok_or(Damage::NoCode)?;
        let place = (word >> (16 - length)) as i32 + self.offset[length as usize];
        // A code below the limit of its length has a valid position in `symbols`.
        Ok(Code::new(self.symbols[place as usize & 0xFF], length))
    }

    /// Decodes the next symbol. At least 16 bits must have been [refilled](BitReader::refill).
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut BitReader) -> Result<u8, Damage> {
        let code = self.peek(bits)?;
        bits.skip(code.length());
        Ok(code.symbol())
    }
}

/// Number of bits that [`Skips`] looks up at once.
const SKIPPED: u32 = 11;

/// A table for parsing AC coefficients whose values are not needed, several codes per lookup.
pub(super) struct Skips([Skip; 1 << SKIPPED]);

/// Codes and values that follow each other: how far they advance in the data and in the block.
#[derive(Clone, Copy)]
pub(super) struct Skip(u16);

impl Skip {
    /// Stands for bits without a complete code: more coefficients than any block has.
    const UNKNOWN: Self = Self::new(0, 64, false);

    const fn new(bits: u32, advance: u32, ends: bool) -> Self {
        Self((ends as u16) << 15 | (advance as u16) << 6 | bits as u16)
    }

    /// Number of bits, at most 26.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        u32::from(self.0 & 63)
    }

    /// Number of coefficients.
    #[inline(always)]
    pub(super) fn advance(self) -> usize {
        usize::from(self.0 >> 6 & 127)
    }

    /// Whether the last code ends the block.
    #[inline(always)]
    pub(super) fn ends(self) -> bool {
        self.0 >> 15 == 1
    }
}

impl Skips {
    /// Creates the table for the codes of `table`.
    pub(super) fn new(table: &Huffman) -> Self {
        Self(std::array::from_fn(|word| Self::skip(table, word as u32)))
    }

    /// As many codes as are complete in the bits of `word`. The value of the last one may continue
    /// after them.
    #[inline(always)]
    fn skip(table: &Huffman, word: u32) -> Skip {
        let (mut bits, mut advance) = (0, 0);
        while bits < SKIPPED {
            let rest = word << bits & ((1 << SKIPPED) - 1);
            let code = table.short[(rest >> (SKIPPED - LOOKAHEAD)) as usize];
            if code == Code::LONG || bits + code.length() > SKIPPED {
                break;
            }
            bits += code.total();
            match (code.size(), code.run() as u32) {
                (0, 15) => advance += 16,
                (0, _) => return Skip::new(bits, advance, true),
                (_, run) => advance += run + 1,
            }
            if advance >= 64 {
                return Skip::UNKNOWN;
            }
        }
        if bits == 0 { Skip::UNKNOWN } else { Skip::new(bits, advance, false) }
    }

    /// The next codes, which are not consumed. At least 16 bits must have been
    /// [refilled](BitReader::refill).
    #[inline(always)]
    pub(super) fn peek(&self, bits: &BitReader) -> Skip {
        self.0[bits.peek(SKIPPED) as usize]
    }
}
