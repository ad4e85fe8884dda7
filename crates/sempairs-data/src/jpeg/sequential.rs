//! Decoding of the blocks of sequential scans (T.81, annex F.2).

use super::bit_reader::BitReader;
use super::damage::Damage;
use super::huffman::{Huffman, extend};
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
        if let Some((value, run)) = ac.short_coefficient(bits) {
            at += run;
            block[usize::from(NATURAL[at])] = value;
            at += 1;
            continue;
        }
        let symbol = ac.symbol(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size > 0 {
            at += run;
            // Code and value together have at most 31 bits.
            let value = extend(bits.take(size), size);
            block[usize::from(NATURAL[at])] = value as i16;
            at += 1;
        } else if run == 15 {
            at += 16;
        } else {
            return Ok(at);
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
    let size = u32::from(dc.symbol(bits)?);
    if size > 0 {
        if size > 15 {
            return Err(Damage::Coefficient);
        }
        *prediction += extend(bits.take(size), size);
    }
    i16::try_from(*prediction).map_err(|_| Damage::Coefficient)
}

/// Decoder of a sequential scan, which passes each block to `take`.
pub(super) struct SequentialScan<'t, F> {
    codes: Vec<(&'t Huffman, &'t Huffman)>,
    predictions: [i32; 4],
    block: Block,
    /// Called with part, column, row, block, and one more than the coding index of the last coded
    /// coefficient. It must reset the block to zero.
    take: F,
}

impl<'t, F: FnMut(usize, usize, usize, &mut Block, usize) -> Result<(), Damage>>
    SequentialScan<'t, F>
{
    pub(super) fn new(codes: &Codes<'t>, take: F) -> Self {
        let codes = codes.iter().filter_map(|&(dc, ac)| Some((dc?, ac?))).collect();
        Self { codes, predictions: [0; 4], block: [0; 64], take }
    }
}

impl<F: FnMut(usize, usize, usize, &mut Block, usize) -> Result<(), Damage>> Visit
    for SequentialScan<'_, F>
{
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
        let coded = block(bits, dc, ac, &mut self.predictions[part], &mut self.block)?;
        (self.take)(part, x, y, &mut self.block, coded)
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
