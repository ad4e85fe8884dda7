//! The frame header: a picture's size and the sampling of its components (T.81, annexes A.1 and
//! B.2.2).

use crate::Region;
use crate::limits::{MAX_PIXELS, too_large};

/// Width and height of a block in samples.
pub(super) const SIDE: usize = 8;

/// A frame header.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// MCUs (minimum coded units) per row of an interleaved scan, and number of such rows.
    pub(super) mcus: (usize, usize),
}

/// A colour component, such as luma, a chroma component, or an ink.
pub(super) struct Component {
    pub(super) id: u8,
    /// Index of its quantisation table.
    pub(super) table: usize,
    /// Number of its blocks in an MCU of an interleaved scan, in x and y.
    pub(super) sampling: (usize, usize),
    /// Subsampling factors: how many pixels of the picture one sample covers, in x and y.
    pub(super) ratio: (usize, usize),
    /// Number of blocks in x and y, padded to whole MCUs.
    pub(super) blocks: (usize, usize),
    /// Number of blocks in x and y that contain part of the picture, as coded in a scan of this
    /// component alone.
    pub(super) own_blocks: (usize, usize),
}

impl Component {
    /// Number of its blocks, padding included.
    pub(super) fn block_count(&self) -> usize {
        self.blocks.0 * self.blocks.1
    }
}

impl Frame {
    /// Parses a start-of-frame segment; `rest` is the number of bytes that follow it in the file.
    pub(super) fn read(body: &[u8], progressive: bool, rest: usize) -> Result<Self, String> {
        let &[precision, h1, h0, w1, w0, count, ref list @ ..] = body else {
            return Err("the frame header is too short".into());
        };
        let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
        let (width, height, count) = (usize::from(width), usize::from(height), usize::from(count));
        if precision != 8 {
            return Err(format!("{precision} bits per sample; only JPEGs of 8 bits are supported"));
        }
        if height == 0 && width > 0 {
            return Err("its height is given after its pixels (a DNL marker), which is not \
                        supported"
                .into());
        }
        if width == 0 || height == 0 {
            return Err(format!("its size is {width}x{height}, so it has no pixels"));
        }
        if too_large(width as u64, height as u64) {
            return Err(format!("{width}x{height} is more than the limit of {MAX_PIXELS} pixels"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(format!("a JPEG with {count} components has an unknown colour space"));
        }
        if list.len() != 3 * count {
            return Err("the length of the frame header does not match its components".into());
        }
        let factors = |it: &[u8]| (usize::from(it[1] >> 4), usize::from(it[1] & 15));
        let mut largest = (1, 1);
        for it in list.chunks_exact(3) {
            let (h, v) = factors(it);
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) || it[2] > 3 {
                return Err(format!("component {} of the frame header is malformed", it[0]));
            }
            largest = (largest.0.max(h), largest.1.max(v));
        }
        let mcus = (width.div_ceil(SIDE * largest.0), height.div_ceil(SIDE * largest.1));
        let mut frame = Self { width, height, progressive, components: Vec::new(), mcus };
        for it in list.chunks_exact(3) {
            let (h, v) = factors(it);
            if largest.0 % h != 0 || largest.1 % v != 0 {
                return Err(format!(
                    "component {} has sampling factors {h}x{v} and another one {}x{}; only whole \
                     ratios are supported",
                    it[0], largest.0, largest.1
                ));
            }
            if frame.components.iter().any(|earlier| earlier.id == it[0]) {
                return Err(format!("two components have the identifier {}", it[0]));
            }
            let ratio = (largest.0 / h, largest.1 / v);
            frame.components.push(Component {
                id: it[0],
                table: usize::from(it[2]),
                sampling: (h, v),
                ratio,
                blocks: (mcus.0 * h, mcus.1 * v),
                own_blocks: (
                    width.div_ceil(ratio.0).div_ceil(SIDE),
                    height.div_ceil(ratio.1).div_ceil(SIDE),
                ),
            });
        }
        frame.fits_into(rest)?;
        Ok(frame)
    }

    /// The rectangle of the whole picture.
    pub(super) fn whole(&self) -> Region {
        Region::whole([self.width, self.height])
    }

    /// Number of samples of all components, in whole blocks.
    fn samples(&self) -> u64 {
        self.components.iter().map(|it| 64 * it.block_count() as u64).sum()
    }

    /// Number of bytes of the picture as RGB.
    fn pixel_bytes(&self) -> u64 {
        3 * self.width as u64 * self.height as u64
    }

    /// Upper bound of the bytes that decoding the whole picture takes if a single sequential scan
    /// has all components: samples and RGB pixels.
    pub(super) fn memory_of_samples(&self) -> u64 {
        self.samples() + self.pixel_bytes()
    }

    /// Upper bound of the bytes that decoding the whole picture takes if there are several scans:
    /// coefficients of two bytes, and further ones.
    pub(super) fn memory_of_coefficients(&self) -> u64 {
        (3 * self.samples()).max(self.memory_of_samples())
    }

    /// Returns an error if the frame's blocks cannot be coded in `bytes`, before memory is
    /// allocated for its pixels. Every block takes at least one bit, and two in a sequential scan
    /// (the second for its end).
    fn fits_into(&self, bytes: usize) -> Result<(), String> {
        let own = |it: &Component| it.own_blocks.0 * it.own_blocks.1;
        let blocks: usize = self.components.iter().map(own).sum();
        let bits = blocks * if self.progressive { 1 } else { 2 };
        if bits / 8 > bytes {
            let (width, height) = (self.width, self.height);
            return Err(format!(
                "truncated: {bytes} bytes are too few for {width}x{height} pixels"
            ));
        }
        Ok(())
    }
}
