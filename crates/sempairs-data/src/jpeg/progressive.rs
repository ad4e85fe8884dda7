//! Decoding of the blocks of progressive scans (T.81, annex G.1.2), and a record of the
//! coefficients that the scans have completed.

use super::bit_reader::BitReader;
use super::damage::Damage;
use super::huffman::Huffman;
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

/// Decoder of a scan of DC coefficients, which updates them in place.
pub(super) struct DcScan<'t, 'c> {
    codes: &'t Codes<'t>,
    low: u8,
    /// For each part of the scan, the index of its component.
    components: Vec<usize>,
    coefficients: &'c mut [Coefficients],
    predictions: [i32; 4],
}

impl<'t, 'c> DcScan<'t, 'c> {
    /// Prepares a scan; only the first one of these coefficients has `codes`.
    pub(super) fn new(
        codes: &'t Codes<'t>,
        band: Band,
        components: Vec<usize>,
        coefficients: &'c mut [Coefficients],
    ) -> Self {
        Self { codes, low: band.low, components, coefficients, predictions: [0; 4] }
    }
}

impl Visit for DcScan<'_, '_> {
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
        let dc = self.coefficients[self.components[part]].dc(x, y);
        if let (Some(table), _) = self.codes[part] {
            let value = dc_difference(bits, table, &mut self.predictions[part])?;
            let value = i32::from(value) << self.low;
            *dc = i16::try_from(value).map_err(|_| Damage::Coefficient)?;
        } else if bits.bit() {
            *dc |= 1 << self.low;
        }
        Ok(())
    }
}

/// Decoder of a scan of AC coefficients of one component, which updates them in place.
///
/// Of a block that is not held, it records which coefficients are not zero.
pub(super) struct AcScan<'t, 'c, const REFINES: bool> {
    table: &'t Huffman,
    coefficients: &'c mut Coefficients,
    band: Band,
    /// Number of blocks, including this one, without further new coefficients in the band.
    empty: u32,
}

impl<'t, 'c, const REFINES: bool> AcScan<'t, 'c, REFINES> {
    /// Prepares the first scan of these coefficients, or one that `REFINES` them.
    pub(super) fn new(table: &'t Huffman, band: Band, coefficients: &'c mut Coefficients) -> Self {
        Self { table, coefficients, band, empty: 0 }
    }
}

impl<const REFINES: bool> Visit for AcScan<'_, '_, REFINES> {
    fn start(&mut self) {
        self.empty = 0;
    }

    #[inline(always)]
    fn block(
        &mut self,
        bits: &mut BitReader,
        _part: usize,
        x: usize,
        y: usize,
    ) -> Result<(), Damage> {
        if REFINES { self.refine(bits, x, y) } else { self.first(bits, x, y) }
    }

    fn end(&self) -> Result<(), Damage> {
        // An end-of-band run must not extend beyond the last block.
        if self.empty > 0 { Err(Damage::Short) } else { Ok(()) }
    }
}

impl<const REFINES: bool> AcScan<'_, '_, REFINES> {
    /// Decodes a block in the first scan of AC coefficients.
    #[inline(always)]
    fn first(&mut self, bits: &mut BitReader, x: usize, y: usize) -> Result<(), Damage> {
        if self.empty > 0 {
            self.empty -= 1;
            return Ok(());
        }
        let (nonzero, mut block) = self.coefficients.ac(x, y);
        let Band { first, last, low, .. } = self.band;
        let mut at = first;
        while at <= last {
            bits.refill();
            let code = self.table.peek(bits)?;
            if code.size() == 0 {
                bits.skip(code.length());
                if code.run() < 15 {
                    self.empty = empty_blocks(bits, code.run() as u32) - 1;
                    return Ok(());
                }
                at += 16;
                continue;
            }
            let value = bits.value(code);
            at += code.run();
            if at > last {
                return Err(Damage::LongBlock);
            }
            let value = i16::try_from(value << low).map_err(|_| Damage::Coefficient)?;
            *nonzero |= 1 << at;
            if let Some(block) = &mut block {
                block[usize::from(NATURAL[at])] = value;
            }
            at += 1;
        }
        if at > last + 1 { Err(Damage::LongBlock) } else { Ok(()) }
    }

    /// Decodes a block in a refinement scan: one more bit of known coefficients, and new
    /// coefficients.
    #[inline(always)]
    fn refine(&mut self, bits: &mut BitReader, x: usize, y: usize) -> Result<(), Damage> {
        let Band { first, last, low, .. } = self.band;
        let bit = 1i16 << low;
        let (nonzero, mut block) = self.coefficients.ac(x, y);
        // The coefficients of the band from `at` on, as bits like those of `nonzero`.
        let end = u64::MAX >> (63 - last);
        let mut rest = end & u64::MAX << first;
        while self.empty == 0 && rest != 0 {
            bits.refill();
            let symbol = self.table.symbol(bits)?;
            let (run, new) = match (symbol >> 4, symbol & 15) {
                (15, 0) => (15, 0),
                (run, 0) => {
                    self.empty = empty_blocks(bits, u32::from(run));
                    break;
                }
                (run, 1) => (run, if bits.bit() { bit } else { -bit }),
                _ => return Err(Damage::Coefficient),
            };
            // Skips `run` coefficients that are still zero, and refines the others on the way.
            let mut zeros = rest & !*nonzero;
            for _ in 0..run {
                zeros &= zeros.wrapping_sub(1);
            }
            if zeros == 0 {
                return Err(Damage::LongBlock);
            }
            let at = zeros.trailing_zeros();
            // All bits above `at`; none if it is the highest.
            let after = (u64::MAX << at) << 1;
            correct(bits, rest & *nonzero & !after, bit, block.as_deref_mut());
            rest &= after;
            // Sixteen zeros are skipped without a new coefficient.
            if new != 0 {
                *nonzero |= 1 << at;
                if let Some(block) = &mut block {
                    block[usize::from(NATURAL[at as usize])] = new;
                }
            }
        }
        if self.empty > 0 {
            self.empty -= 1;
            correct(bits, rest & *nonzero, bit, block);
        }
        Ok(())
    }
}

/// Length of an end-of-band run in blocks (T.81, G.1.2.2).
#[inline]
fn empty_blocks(bits: &mut BitReader, size: u32) -> u32 {
    (1 << size) + if size > 0 { bits.take(size) } else { 0 }
}

/// Reads the correction bits of the coefficients with the coding indices `places`, none of which is
/// zero. A correction never makes a coefficient zero, so that without a block they are skipped.
#[inline(always)]
fn correct(bits: &mut BitReader, mut places: u64, bit: i16, block: Option<&mut Block>) {
    let Some(block) = block else {
        let mut count = places.count_ones();
        while count > 0 {
            let step = count.min(32);
            bits.refill();
            bits.skip(step);
            count -= step;
        }
        return;
    };
    while places != 0 {
        let coefficient = &mut block[usize::from(NATURAL[places.trailing_zeros() as usize])];
        places &= places - 1;
        // There are no branches, because the bits cannot be predicted: `read` and `sign` are all
        // ones or all zeros.
        let (read, sign) = (-i16::from(bits.bit()), *coefficient >> 15);
        let change = read & bit & !*coefficient;
        *coefficient += (change ^ sign) - sign;
    }
}
