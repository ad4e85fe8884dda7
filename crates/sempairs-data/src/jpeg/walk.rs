//! The order in which a scan's blocks are coded (T.81, annex A.2).

use super::bits::Bits;
use super::damage::Damage;
use super::frame::{Component, Frame};
use super::scan::{Intervals, Part, Scan};

/// What decodes the blocks of a scan.
pub(super) trait Visit {
    /// Begins an interval.
    fn start(&mut self);

    /// Reads the block in column `x` and row `y` of a part of the scan.
    fn block(&mut self, bits: &mut Bits, part: usize, x: usize, y: usize) -> Result<(), Damage>;

    /// Ends an interval.
    fn end(&self) -> Result<(), Damage> {
        Ok(())
    }
}

/// The MCUs of a scan, interval after interval.
pub(super) struct Walk<'s> {
    intervals: &'s Intervals,
    /// MCUs of an interval, the last perhaps excepted.
    every: usize,
    /// MCUs in a row, and rows.
    mcus: (usize, usize),
    /// Blocks of each part in an MCU, in x and y.
    blocks: Vec<(usize, usize)>,
}

impl<'s> Walk<'s> {
    /// With `restart` MCUs between two restart markers, or 0 without them.
    pub(super) fn new(
        frame: &Frame,
        scan: &Scan,
        intervals: &'s Intervals,
        restart: usize,
    ) -> Result<Self, String> {
        let component = |part: &Part| -> &Component { &frame.components[part.component] };
        // A component alone has MCUs of one block, and only those that hold part of the picture.
        let (mcus, blocks) = match &scan.parts[..] {
            [alone] => (component(alone).own_blocks, vec![(1, 1)]),
            parts => (frame.mcus, parts.iter().map(|it| component(it).sampling).collect()),
        };
        let count = mcus.0 * mcus.1;
        let every = if restart == 0 { count } else { restart };
        let (expected, found) = (count.div_ceil(every), intervals.iter().len());
        if expected != found {
            return Err(format!("{found} intervals between restart markers, not {expected}"));
        }
        Ok(Self { intervals, every, mcus, blocks })
    }

    /// Has every block read, and checks that each interval is read to its end and no further.
    pub(super) fn each(&self, visitor: &mut impl Visit) -> Result<(), String> {
        let count = self.mcus.0 * self.mcus.1;
        let intervals = self.intervals.iter();
        let several = intervals.len() > 1;
        for (number, data) in intervals.enumerate() {
            let mut bits = Bits::new(data);
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
        bits: &mut Bits,
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
                // No need to make up the rest of a picture that will be refused.
                if bits.overrun() {
                    return Err(Damage::Short);
                }
            }
        }
        Ok(())
    }
}
