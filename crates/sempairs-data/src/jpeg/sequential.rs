//! Decoding of the blocks of sequential scans (T.81, annex F.2).

use std::rc::Rc;

use super::bit_reader::BitReader;
use super::damage::Damage;
use super::huffman::{Huffman, Skips};
use super::mcu::Visit;
use super::scan::Codes;

/// Zigzag order: position in a row-major block of each coefficient in coding order. The last
/// sixteen entries catch zero runs that exceed the block.
pub(super) const NATURAL: [u8; 80] = {
    let mut order = [63; 80];
    let (mut at, mut diagonal) = (0, 0);
    while diagonal < 15 {
        let mut step = if diagonal < 8 { 0 } else { diagonal - 7 };
        while step <= diagonal && step < 8 {
            let (down, along) = (step, diagonal - step);
            // Odd diagonals run down, even ones up.
            let (row, column) = if diagonal % 2 == 1 { (down, along) } else { (along, down) };
            order[at] = (8 * row + column) as u8;
            at += 1;
            step += 1;
        }
        diagonal += 1;
    }
    order
};

/// The coefficients of a block in row-major order.
pub(super) type Block = [i16; 64];

/// Decodes a block into `block`, which must be zero, and returns one more than the coding index of
/// the last coded coefficient.
#[inline(always)]
pub(super) fn block(
    bits: &mut BitReader,
    dc: &Huffman,
    ac: &Huffman,
    prediction: &mut i32,
    block: &mut Block,
) -> Result<usize, Damage> {
    block[0] = dc_difference(bits, dc, prediction)?;
    let mut at = 1;
    while at < 64 {
        bits.refill();
        let code = ac.peek(bits)?;
        if code.size() > 0 {
            at += code.run();
            // Code and value together have at most 31 bits.
            block[usize::from(NATURAL[at])] = bits.value(code) as i16;
            at += 1;
        } else {
            bits.skip(code.length());
            if code.run() < 15 {
                return Ok(at);
            }
            at += 16;
        }
    }
    if at > 64 { Err(Damage::LongBlock) } else { Ok(64) }
}

/// Decodes a DC coefficient: `prediction` plus the coded difference.
#[inline(always)]
pub(super) fn dc_difference(
    bits: &mut BitReader,
    dc: &Huffman,
    prediction: &mut i32,
) -> Result<i16, Damage> {
    bits.refill();
    let code = dc.peek(bits)?;
    if code.run() > 0 {
        return Err(Damage::Coefficient);
    }
    if code.size() > 0 {
        *prediction += bits.value(code);
    } else {
        bits.skip(code.length());
    }
    i16::try_from(*prediction).map_err(|_| Damage::Coefficient)
}

/// Parses a block like [`block`](self::block), with the same errors, and returns only its DC
/// coefficient.
#[inline(always)]
fn pass(
    bits: &mut BitReader,
    dc: &Huffman,
    ac: &Huffman,
    skips: Option<&Skips>,
    prediction: &mut i32,
) -> Result<i16, Damage> {
    let mean = dc_difference(bits, dc, prediction)?;
    let mut at = 1;
    while at < 64 {
        bits.refill();
        if let Some(skips) = skips {
            let skip = skips.peek(bits);
            let next = at + skip.advance();
            // The last coefficient ends the block, so that what follows it is not part of it.
            if next < 64 {
                bits.skip(skip.bits());
                if skip.ends() {
                    return Ok(mean);
                }
                at = next;
                continue;
            }
        }
        let code = ac.peek(bits)?;
        bits.skip(code.total());
        if code.size() > 0 {
            at += code.run() + 1;
        } else if code.run() < 15 {
            return Ok(mean);
        } else {
            at += 16;
        }
    }
    if at > 64 { Err(Damage::LongBlock) } else { Ok(mean) }
}

/// Receiver of the blocks of a sequential scan.
pub(super) trait Destination {
    /// Where the block in column `x` and row `y` of a part of the scan is put; `None` if only its
    /// mean is needed.
    fn place(&self, part: usize, x: usize, y: usize) -> Option<(usize, usize)>;

    /// Takes a block, and resets it to zero. `coded` is one more than the coding index of its last
    /// coded coefficient.
    fn put(
        &mut self,
        part: usize,
        place: (usize, usize),
        block: &mut Block,
        coded: usize,
    ) -> Result<(), Damage>;

    /// Takes the DC coefficient of a block without a place.
    fn pass(&mut self, part: usize, x: usize, y: usize, dc: i16) -> Result<(), Damage>;

    /// Called after the last block of a row of MCUs.
    fn end_row(&mut self) {}
}

/// Decoder of a sequential scan.
pub(super) struct SequentialScan<'t, D> {
    codes: Vec<(&'t Huffman, &'t Huffman)>,
    /// For the AC table of each part, a table for skipping.
    skips: Vec<Option<Rc<Skips>>>,
    predictions: [i32; 4],
    block: Block,
    destination: D,
}

/// Number of bytes of blocks to be skipped from which on the tables for it save more time than it
/// takes to create them.
const MANY_BYTES: usize = 8192;

impl<'t, D: Destination> SequentialScan<'t, D> {
    /// Prepares a scan; `skipped` is the approximate number of bytes of the blocks that have no
    /// [place](Destination::place).
    pub(super) fn new(codes: &Codes<'t>, destination: D, skipped: usize) -> Self {
        let codes: Vec<(&Huffman, &Huffman)> =
            codes.iter().filter_map(|&(dc, ac)| Some((dc?, ac?))).collect();
        let mut skips: Vec<Option<Rc<Skips>>> = Vec::new();
        for (part, (_, ac)) in codes.iter().enumerate() {
            let same = codes[..part].iter().position(|(_, earlier)| std::ptr::eq(*earlier, *ac));
            skips.push(match same {
                _ if skipped < MANY_BYTES => None,
                Some(same) => skips[same].clone(),
                None => Some(Rc::new(Skips::new(ac))),
            });
        }
        Self { codes, skips, predictions: [0; 4], block: [0; 64], destination }
    }
}

impl<D: Destination> Visit for SequentialScan<'_, D> {
    fn start(&mut self) {
        self.predictions = [0; 4];
    }

    #[inline(always)]
    fn block(
        &mut self,
        bits: &mut BitReader,
        part: usize,
        x: usize,
        y: usize,
    ) -> Result<(), Damage> {
        let (dc, ac) = self.codes[part];
        let prediction = &mut self.predictions[part];
        if let Some(place) = self.destination.place(part, x, y) {
            let coded = block(bits, dc, ac, prediction, &mut self.block)?;
            self.destination.put(part, place, &mut self.block, coded)
        } else {
            let skips = self.skips[part].as_deref();
            let dc = pass(bits, dc, ac, skips, prediction)?;
            self.destination.pass(part, x, y, dc)
        }
    }

    fn end_row(&mut self) {
        self.destination.end_row();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zigzag_order_matches_the_standard() {
        // T.81, figure A.6.
        let begin = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40];
        assert_eq!(NATURAL[..begin.len()], begin);
        assert_eq!(NATURAL[56..64], [53, 60, 61, 54, 47, 55, 62, 63]);
    }
}
