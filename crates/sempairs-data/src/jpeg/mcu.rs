//! Order of the coded blocks in a scan (T.81, annex A.2).

use super::bit_reader::BitReader;
use super::damage::Damage;
use super::frame::{Component, Frame};
use super::scan::{Intervals, Part, Scan};

/// Decoder of the blocks of a scan.
pub(super) trait Visit {
    /// Called before the first block of an interval.
    fn start(&mut self);

    /// Decodes the block in column `x` and row `y` of a part of the scan.
    fn block(
        &mut self,
        bits: &mut BitReader,
        part: usize,
        x: usize,
        y: usize,
    ) -> Result<(), Damage>;

    /// Called after the last block of a row of MCUs.
    fn end_row(&mut self) {}

    /// Called after the last block of an interval.
    fn end(&self) -> Result<(), Damage> {
        Ok(())
    }
}

/// Iteration over the MCUs of a scan, interval by interval.
pub(super) struct Walk<'s> {
    intervals: &'s Intervals,
    /// Number of MCUs in every interval but the last, which may be shorter.
    every: usize,
    /// Number of MCUs per row, and of rows.
    mcus: (usize, usize),
    /// Number of blocks of each part in an MCU, in x and y.
    blocks: Vec<(usize, usize)>,
}

impl<'s> Walk<'s> {
    /// Prepares the iteration, with `restart` MCUs between two restart markers, or 0 without them.
    pub(super) fn new(
        frame: &Frame,
        scan: &Scan,
        intervals: &'s Intervals,
        restart: usize,
    ) -> Result<Self, String> {
        let component = |part: &Part| -> &Component { &frame.components[part.component] };
        // A scan of one component has MCUs of one block, and no blocks that are only padding.
        let (mcus, blocks) = match &scan.parts[..] {
            [alone] => (component(alone).own_blocks, vec![(1, 1)]),
            parts => (frame.mcus, parts.iter().map(|it| component(it).sampling).collect()),
        };
        let count = mcus.0 * mcus.1;
        let every = if restart == 0 { count } else { restart };
        let (expected, found) = (count.div_ceil(every), intervals.iter().len());
        if expected != found {
            return Err(format!("{found} restart intervals instead of {expected}"));
        }
        Ok(Self { intervals, every, mcus, blocks })
    }

    /// Number of rows of blocks of each part in a row of MCUs.
    pub(super) fn heights(&self) -> impl Iterator<Item = usize> {
        self.blocks.iter().map(|&(_, down)| down)
    }

    /// Decodes every block, and checks that each interval is read exactly to its end.
    pub(super) fn each(&self, visitor: &mut impl Visit) -> Result<(), String> {
        let count = self.mcus.0 * self.mcus.1;
        let intervals = self.intervals.iter();
        let several = intervals.len() > 1;
        for (number, data) in intervals.enumerate() {
            let mut bits = BitReader::new(data);
            let first = number * self.every;
            let last = count.min(first + self.every);
            let done = self.interval(&mut bits, first..last, visitor);
            done.and_then(|()| visitor.end()).and_then(|()| bits.finish()).map_err(|damage| {
                if several {
                    format!("interval {}: {damage}", number + 1)
                } else {
                    damage.to_string()
                }
            })?;
        }
        Ok(())
    }

    #[inline(always)]
    fn interval(
        &self,
        bits: &mut BitReader,
        mcus: std::ops::Range<usize>,
        visitor: &mut impl Visit,
    ) -> Result<(), Damage> {
        visitor.start();
        let (mut column, mut row) = (mcus.start % self.mcus.0, mcus.start / self.mcus.0);
        for _ in mcus {
            for (part, &(along, down)) in self.blocks.iter().enumerate() {
                for y in row * down..(row + 1) * down {
                    for x in column * along..(column + 1) * along {
                        visitor.block(bits, part, x, y)?;
                    }
                }
            }
            column += 1;
            if column == self.mcus.0 {
                (column, row) = (0, row + 1);
                // A truncated picture will be rejected; decoding the rest of it is unnecessary.
                if bits.overrun() {
                    return Err(Damage::Short);
                }
                visitor.end_row();
            }
        }
        Ok(())
    }
}
