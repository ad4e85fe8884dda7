//! Huffman decoding (ITU-T T.81, annexes C and F.2.2.3).

use super::bit_reader::BitReader;
use super::damage::Damage;

/// Codes up to this length are decoded by a single table lookup.
const LOOKAHEAD: u32 = 9;

/// A Huffman table: maps bit strings to symbols of one byte.
pub(super) struct Huffman {
    /// Indexed by the next nine bits: the symbol in the upper byte and the length of its code in
    /// the lower byte; 0 for longer codes.
    short: [u16; 1 << LOOKAHEAD],
    /// Indexed by the next nine bits, if these contain the code and the value of an AC coefficient:
    /// the value in the upper byte, the number of zeros before it in four bits, and the length of
    /// code and value in four bits; otherwise 0.
    with_value: [i16; 1 << LOOKAHEAD],
    /// Indexed by length: the smallest 16-bit word that does not begin with a code of at most that
    /// length.
    limit: [u32; 18],
    /// Indexed by length: the position in `symbols` of the code with value zero.
    offset: [i32; 17],
    symbols: [u8; 256],
}

impl Huffman {
    /// Creates the table from its symbols in order of code length; `counts[i]` of them have `i + 1`
    /// bits.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, &'static str> {
        let mut table = Self {
            short: [0; 1 << LOOKAHEAD],
            with_value: [0; 1 << LOOKAHEAD],
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
                    table.insert(code, length, symbols[place]);
                }
                code += 1;
                place += 1;
            }
            table.limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    fn insert(&mut self, code: u32, length: u32, symbol: u8) {
        let free = LOOKAHEAD - length;
        let (run, size) = (symbol >> 4, u32::from(symbol & 15));
        for rest in 0..1u32 << free {
            let at = (code << free | rest) as usize;
            self.short[at] = u16::from(symbol) << 8 | length as u16;
            if size > 0 && size <= free {
                let value = extend(rest >> (free - size), size);
                if let Ok(value) = i8::try_from(value) {
                    let tail = i16::from(run) << 4 | (length + size) as i16;
                    self.with_value[at] = i16::from(value) << 8 | tail;
                }
            }
        }
    }

    /// Decodes the next symbol. At least 16 bits must have been [refilled](BitReader::refill).
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut BitReader) -> Result<u8, Damage> {
        let entry = self.short[bits.peek(LOOKAHEAD) as usize];
        if entry != 0 {
            bits.skip(u32::from(entry & 0xFF));
            return Ok((entry >> 8) as u8);
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut BitReader) -> Result<u8, Damage> {
        let word = bits.peek(16);
        let length = (LOOKAHEAD + 1..=16).find(|&length| word < self.limit[length as usize]);
        let length = length.ok_or(Damage::NoCode)?;
        bits.skip(length);
        let place = (word >> (16 - length)) as i32 + self.offset[length as usize];
        // A code below the limit of its length has a valid position in `symbols`.
        Ok(self.symbols[place as usize & 0xFF])
    }

    /// Decodes the next AC coefficient if a single lookup is enough: its value and the number of
    /// zeros before it.
    #[inline(always)]
    pub(super) fn short_coefficient(&self, bits: &mut BitReader) -> Option<(i16, usize)> {
        let entry = self.with_value[bits.peek(LOOKAHEAD) as usize];
        if entry == 0 {
            return None;
        }
        bits.skip((entry & 15) as u32);
        Some((entry >> 8, (entry >> 4 & 15) as usize))
    }
}

/// The signed value of `size` extra bits (T.81, table F.1).
#[inline(always)]
pub(super) fn extend(value: u32, size: u32) -> i32 {
    let value = value as i32;
    if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value }
}
