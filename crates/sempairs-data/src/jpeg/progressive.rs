//! Decoding of the blocks of progressive scans (T.81, annex G.1.2), and a record of the
//! coefficients that the scans have completed.

use std::ops::RangeInclusive;

use super::bit_reader::BitReader;
use super::damage::Damage;
use super::huffman::{Huffman, extend};
use super::mcu::Visit;
use super::planes::{Coefficients, Outline, Stored};
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

/// Coefficients of a block, as far as they are stored.
trait Coefficient {
    fn dc(&mut self) -> &mut i16;

    /// Stores the AC coefficient with coding index `at`, which is not zero.
    fn set(&mut self, at: usize, value: i16);

    /// Reads `bit` of the AC coefficient with coding index `at`, if that coefficient is not zero.
    /// Returns false, and reads nothing, if it is zero.
    fn correct(&mut self, bits: &mut BitReader, at: usize, bit: i16) -> bool;

    /// Reads `bit` of the AC coefficients of a range that are not zero.
    fn correct_all(&mut self, bits: &mut BitReader, range: RangeInclusive<usize>, bit: i16) {
        for at in range {
            self.correct(bits, at, bit);
        }
    }
}

impl Coefficient for Block {
    #[inline(always)]
    fn dc(&mut self) -> &mut i16 {
        &mut self[0]
    }

    #[inline(always)]
    fn set(&mut self, at: usize, value: i16) {
        self[usize::from(NATURAL[at])] = value;
    }

    #[inline(always)]
    fn correct(&mut self, bits: &mut BitReader, at: usize, bit: i16) -> bool {
        let coefficient = &mut self[usize::from(NATURAL[at])];
        if *coefficient == 0 {
            return false;
        }
        if bits.bit() && *coefficient & bit == 0 {
            *coefficient += if *coefficient > 0 { bit } else { -bit };
        }
        true
    }
}

/// A correction never makes a coefficient zero, so its bit need not be evaluated.
impl Coefficient for Outline {
    #[inline(always)]
    fn dc(&mut self) -> &mut i16 {
        &mut self.dc
    }

    #[inline(always)]
    fn set(&mut self, at: usize, _value: i16) {
        self.nonzero |= 1 << at;
    }

    #[inline(always)]
    fn correct(&mut self, bits: &mut BitReader, at: usize, _bit: i16) -> bool {
        let nonzero = self.nonzero >> at & 1 == 1;
        if nonzero {
            bits.bit();
        }
        nonzero
    }

    #[inline(always)]
    fn correct_all(&mut self, bits: &mut BitReader, range: RangeInclusive<usize>, _bit: i16) {
        let from = u64::MAX << range.start();
        let band = self.nonzero & from & u64::MAX >> (63 - range.end());
        let mut count = band.count_ones();
        while count > 0 {
            let step = count.min(32);
            bits.refill();
            bits.skip(step);
            count -= step;
        }
    }
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
        let Self { codes, band, components, coefficients, predictions, run } = self;
        let (code, prediction) = (codes[part], &mut predictions[part]);
        match coefficients[components[part]].block(x, y) {
            Stored::Whole(block) => update(bits, code, *band, prediction, run, block),
            Stored::Outline(outline) => update(bits, code, *band, prediction, run, outline),
        }
    }

    fn end(&self) -> Result<(), Damage> {
        // An end-of-band run must not extend beyond the last block.
        if self.run.empty > 0 { Err(Damage::Short) } else { Ok(()) }
    }
}

/// Decodes what the scan contains of a block.
#[inline(always)]
fn update(
    bits: &mut BitReader,
    code: (Option<&Huffman>, Option<&Huffman>),
    band: Band,
    prediction: &mut i32,
    run: &mut Run,
    block: &mut impl Coefficient,
) -> Result<(), Damage> {
    match (code, band.high) {
        ((Some(dc), _), _) => dc_first(bits, dc, band, prediction, block.dc()),
        ((_, Some(ac)), 0) => run.first(bits, ac, block),
        ((_, Some(ac)), _) => run.refine(bits, ac, block),
        ((None, None), _) => {
            if bits.bit() {
                *block.dc() |= 1 << band.low;
            }
            Ok(())
        }
    }
}

/// Decodes the first scan of a DC coefficient.
#[inline(always)]
fn dc_first(
    bits: &mut BitReader,
    table: &Huffman,
    band: Band,
    prediction: &mut i32,
    dc: &mut i16,
) -> Result<(), Damage> {
    let value = i32::from(dc_difference(bits, table, prediction)?) << band.low;
    *dc = i16::try_from(value).map_err(|_| Damage::Coefficient)?;
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
        block: &mut impl Coefficient,
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
            block.set(at, value);
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
        block: &mut impl Coefficient,
    ) -> Result<(), Damage> {
        let Band { first, last, low, .. } = self.band;
        let bit = 1i16 << low;
        let mut at = first;
        while self.empty == 0 && at <= last {
            bits.refill();
            let symbol = table.symbol(bits)?;
            let (mut run, new) = match (symbol >> 4, symbol & 15) {
                (15, 0) => (15, 0i16),
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
                at += 1;
                if block.correct(bits, at - 1, bit) {
                    continue;
                }
                if run == 0 {
                    // Sixteen zeros are skipped without a new coefficient.
                    if new != 0 {
                        block.set(at - 1, new);
                    }
                    break;
                }
                run -= 1;
            }
        }
        if self.empty > 0 {
            self.empty -= 1;
            if at <= last {
                block.correct_all(bits, at..=last, bit);
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
