//! Decoding of the blocks of progressive scans (T.81, annex G.1.2), and a record of the
//! coefficients that the scans have completed.

use super::bit_reader::BitReader;
use super::damage::Damage;
use super::huffman::{Huffman, extend};
use super::mcu::Visit;
use super::planes::Coefficients;
use super::scan::Codes;
use super::sequential::{Block, NATURAL, dc_difference};

/// Spectral selection and successive approximation of a scan: which coefficients it contains, in
/// coding order, and which of their bits.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub(super) first: usize,
    pub(super) last: usize,
    /// The lowest bit of the previous scan of these coefficients, one above `low`; 0 in their first
    /// scan.
    pub(super) high: u8,
    /// The lowest bit that this scan contains.
    pub(super) low: u8,
}

impl Band {
    /// The band of a sequential scan.
    pub(super) const ALL: Self = Self { first: 0, last: 63, high: 0, low: 0 };
}

/// For each coefficient of a component, the lowest bit that has been read.
pub(super) struct Progress([Option<u8>; 64]);

impl Progress {
    pub(super) fn new() -> Self {
        Self([None; 64])
    }

    /// Records a scan; returns an error if it does not continue the previous ones.
    pub(super) fn advance(&mut self, band: Band) -> Result<(), String> {
        for (at, known) in self.0.iter_mut().enumerate().take(band.last + 1).skip(band.first) {
            let follows = match *known {
                None => band.high == 0,
                Some(low) => band.high == low && band.low + 1 == low,
            };
            if !follows {
                return Err(format!(
                    "its scans contain the bits of coefficient {at} in a wrong order"
                ));
            }
            *known = Some(band.low);
        }
        Ok(())
    }

    /// The first coefficient whose lowest bit has not been read.
    pub(super) fn incomplete(&self) -> Option<usize> {
        self.0.iter().position(|&low| low != Some(0))
    }
}

/// Decoder of a progressive scan, which updates the coefficients in place.
pub(super) struct ProgressiveScan<'t, 'c> {
    codes: &'t Codes<'t>,
    band: Band,
    /// For each part of the scan, the index of its component.
    components: Vec<usize>,
    coefficients: &'c mut [Coefficients],
    predictions: [i32; 4],
    run: Run,
}

impl<'t, 'c> ProgressiveScan<'t, 'c> {
    pub(super) fn new(
        codes: &'t Codes<'t>,
        band: Band,
        components: Vec<usize>,
        coefficients: &'c mut [Coefficients],
    ) -> Self {
        let run = Run { band, empty: 0 };
        Self { codes, band, components, coefficients, predictions: [0; 4], run }
    }
}

impl Visit for ProgressiveScan<'_, '_> {
    fn start(&mut self) {
        self.predictions = [0; 4];
        self.run.empty = 0;
    }

    #[inline(always)]
    fn block(
        &mut self,
        bits: &mut BitReader,
        part: usize,
        x: usize,
        y: usize,
    ) -> Result<(), Damage> {
        let block = self.coefficients[self.components[part]].block(x, y);
        match (self.codes[part], self.band.high) {
            ((Some(dc), _), _) => dc_first(bits, dc, self.band, &mut self.predictions[part], block),
            ((_, Some(ac)), 0) => self.run.first(bits, ac, block),
            ((_, Some(ac)), _) => self.run.refine(bits, ac, block),
            ((None, None), _) => {
                if bits.bit() {
                    block[0] |= 1 << self.band.low;
                }
                Ok(())
            }
        }
    }

    fn end(&self) -> Result<(), Damage> {
        // An end-of-band run must not extend beyond the last block.
        if self.run.empty > 0 { Err(Damage::Short) } else { Ok(()) }
    }
}

/// Decodes the first scan of a DC coefficient.
#[inline(always)]
fn dc_first(
    bits: &mut BitReader,
    table: &Huffman,
    band: Band,
    prediction: &mut i32,
    block: &mut Block,
) -> Result<(), Damage> {
    let value = i32::from(dc_difference(bits, table, prediction)?) << band.low;
    block[0] = i16::try_from(value).map_err(|_| Damage::Coefficient)?;
    Ok(())
}

/// Decoder of AC scans, with the state of the end-of-band run.
struct Run {
    band: Band,
    /// Number of blocks, including this one, without further new coefficients in the band.
    empty: u32,
}

impl Run {
    /// Decodes a block in the first scan of AC coefficients.
    #[inline]
    fn first(
        &mut self,
        bits: &mut BitReader,
        table: &Huffman,
        block: &mut Block,
    ) -> Result<(), Damage> {
        if self.empty > 0 {
            self.empty -= 1;
            return Ok(());
        }
        let Band { first, last, low, .. } = self.band;
        let mut at = first;
        while at <= last {
            bits.refill();
            let (value, run) = if let Some(found) = table.short_coefficient(bits) {
                (i32::from(found.0), found.1)
            } else {
                let symbol = table.symbol(bits)?;
                let (run, size) = (symbol >> 4, u32::from(symbol & 15));
                if size == 0 {
                    if run < 15 {
                        self.empty = empty_blocks(bits, run) - 1;
                        return Ok(());
                    }
                    at += 16;
                    continue;
                }
                (extend(bits.take(size), size), usize::from(run))
            };
            at += run;
            if at > last {
                return Err(Damage::LongBlock);
            }
            let value = i16::try_from(value << low).map_err(|_| Damage::Coefficient)?;
            block[usize::from(NATURAL[at])] = value;
            at += 1;
        }
        if at > last + 1 { Err(Damage::LongBlock) } else { Ok(()) }
    }

    /// Decodes a block in a refinement scan: one more bit of known coefficients, and new
    /// coefficients.
    #[inline]
    fn refine(
        &mut self,
        bits: &mut BitReader,
        table: &Huffman,
        block: &mut Block,
    ) -> Result<(), Damage> {
        let Band { first, last, low, .. } = self.band;
        let bit = 1i16 << low;
        let mut at = first;
        while self.empty == 0 && at <= last {
            bits.refill();
            let symbol = table.symbol(bits)?;
            let (mut run, new) = match (symbol >> 4, symbol & 15) {
                (15, 0) => (15, 0),
                (run, 0) => {
                    self.empty = empty_blocks(bits, run);
                    break;
                }
                (run, 1) => (run, if bits.bit() { bit } else { -bit }),
                _ => return Err(Damage::Coefficient),
            };
            // Skips `run` coefficients that are still zero, and refines the others on the way.
            loop {
                if at > last {
                    return Err(Damage::LongBlock);
                }
                let coefficient = &mut block[usize::from(NATURAL[at])];
                at += 1;
                if *coefficient != 0 {
                    correct(bits, coefficient, bit);
                } else if run == 0 {
                    *coefficient = new;
                    break;
                } else {
                    run -= 1;
                }
            }
        }
        if self.empty > 0 {
            self.empty -= 1;
            for &place in &NATURAL[at..=last] {
                let coefficient = &mut block[usize::from(place)];
                if *coefficient != 0 {
                    correct(bits, coefficient, bit);
                }
            }
        }
        Ok(())
    }
}

/// Length of an end-of-band run in blocks (T.81, G.1.2.2).
#[inline]
fn empty_blocks(bits: &mut BitReader, size: u8) -> u32 {
    let size = u32::from(size);
    (1 << size) + if size > 0 { bits.take(size) } else { 0 }
}

/// Reads the correction bit of a coefficient that is not zero.
#[inline(always)]
fn correct(bits: &mut BitReader, coefficient: &mut i16, bit: i16) {
    if bits.bit() && *coefficient & bit == 0 {
        *coefficient += if *coefficient > 0 { bit } else { -bit };
    }
}
