use rayon::prelude::*;

use super::{CachedSource, format};
use crate::{PictureSource, Stamp};
use sempairs_internal::progress_bar;

/// How many pictures of a source are looked at to tell it from another with the same names.
const SAMPLED: usize = 16;

impl CachedSource {
    /// A hash of what decides a cache's content: the format's version, the short side, the names
    /// and classes of all pictures, the lengths and times of their files where they have
    /// [any](PictureSource::stamp), and the pixels of up to 16 of them, spread evenly.
    ///
    /// 64-bit FNV-1a. Decoding 16 pictures takes milliseconds; it tells apart sources whose pictures
    /// have the same names and no files, such as drawn ones of different seeds. What it does not see: another
    /// picture of the same length in a file whose time was set back.
    pub fn identity_of(source: &dyn PictureSource, short_side: usize) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        hash.number(format::VERSION.into());
        hash.number(short_side as u64);
        hash.number(source.classes().len() as u64);
        source.classes().iter().for_each(|class| hash.bytes(class.as_bytes()));
        hash.number(source.len() as u64);
        for (index, stamp) in stamps(source).into_iter().enumerate() {
            hash.bytes(source.name(index).as_bytes());
            hash.number(source.class(index).map_or(u64::MAX, |class| class as u64));
            hash.bytes(stamp.map(Stamp::to_le_bytes).as_ref().map_or(&[], |bytes| bytes));
        }
        let sampled = SAMPLED.min(source.len());
        for at in 0..sampled {
            // A picture that cannot be read adds nothing; the build is where it is reported.
            if let Ok(picture) = source.read(at * source.len() / sampled) {
                hash.number(picture.width() as u64);
                hash.bytes(picture.pixels());
            }
        }
        hash.0
    }
}

/// Of every picture, in its order. The system is asked from all cores, since it may answer over a network.
fn stamps(source: &dyn PictureSource) -> Vec<Option<Stamp>> {
    let bar = progress_bar("looking at files", source.len() as u64);
    let stamp = |index| {
        bar.inc(1);
        source.stamp(index)
    };
    (0..source.len()).into_par_iter().map(stamp).collect()
}

/// Fowler, Noll and Vo's hash 1a of 64 bits.
struct Fnv(u64);

impl Fnv {
    /// The bytes and their number, so that neighbouring texts cannot trade letters.
    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        bytes.iter().for_each(|&byte| self.byte(byte));
    }

    fn number(&mut self, number: u64) {
        number.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
}
