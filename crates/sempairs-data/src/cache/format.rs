//! Layout of the cache file. All numbers are little-endian.
//!
//! ```text
//! header   magic [8]  version u32  short side u32  identity u64
//! pixels   of all pictures in order, 3 * width * height bytes each
//! index    number of pictures u64; each: width u32, height u32, class u32 (2^32 - 1: none), name
//!          number of classes u64; each: name
//!          number of bad pictures u64; each: name, reason
//!          number of checksums u64; each: CRC-32 u32 of 4 MiB of header and pixels
//! footer   index offset u64  index length u64
//!          CRC-32 u32 of the index and the footer so far  magic [8]
//! ```
//!
//! A string is stored as its length (u32) and its bytes. The index comes last because the sizes of
//! the pictures are known only once all are decoded. The magic number at the very end shows that
//! the file is complete.

use crate::BadPicture;

pub(super) const MAGIC: &[u8; 8] = b"SPCACHE\n";
/// Version of the format. Since version 2, the identity covers lengths and times of the picture
/// files.
pub(super) const VERSION: u32 = 2;
pub(super) const HEADER: usize = 24;
pub(super) const FOOTER: usize = 28;
/// Bytes under one checksum: large enough for a short table, small enough to check in parallel.
pub(super) const CHUNK: usize = 4 << 20;

const NO_CLASS: u32 = u32::MAX;

/// Position, size, class and name of a picture.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) offset: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) class: Option<usize>,
    pub(super) name: String,
}

impl Entry {
    pub(super) fn bytes(&self) -> usize {
        3 * self.width * self.height
    }
}

/// The section after the pixels.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) entries: Vec<Entry>,
    pub(super) classes: Vec<String>,
    pub(super) bad: Vec<BadPicture>,
    pub(super) checksums: Vec<u32>,
}

pub(super) fn header(short_side: u32, identity: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..16].copy_from_slice(&short_side.to_le_bytes());
    header[16..].copy_from_slice(&identity.to_le_bytes());
    header
}

/// The footer of a file whose `index` begins at byte `offset`.
pub(super) fn footer(offset: u64, index: &[u8]) -> [u8; FOOTER] {
    let mut footer = [0; FOOTER];
    footer[..8].copy_from_slice(&offset.to_le_bytes());
    footer[8..16].copy_from_slice(&(index.len() as u64).to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(index);
    crc.update(&footer[..16]);
    footer[16..20].copy_from_slice(&crc.finalize().to_le_bytes());
    footer[20..].copy_from_slice(MAGIC);
    footer
}

impl Index {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let text = |out: &mut Vec<u8>, text: &str| {
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.as_bytes());
        };
        out.extend((self.entries.len() as u64).to_le_bytes());
        for entry in &self.entries {
            let class = entry.class.map_or(NO_CLASS, |class| class as u32);
            for number in [entry.width as u32, entry.height as u32, class] {
                out.extend(number.to_le_bytes());
            }
            text(&mut out, &entry.name);
        }
        out.extend((self.classes.len() as u64).to_le_bytes());
        self.classes.iter().for_each(|class| text(&mut out, class));
        out.extend((self.bad.len() as u64).to_le_bytes());
        for bad in &self.bad {
            text(&mut out, &bad.name);
            text(&mut out, &bad.reason);
        }
        out.extend((self.checksums.len() as u64).to_le_bytes());
        out.extend(self.checksums.iter().flat_map(|crc| crc.to_le_bytes()));
        out
    }

    /// Parses an index; `None` unless `bytes` holds exactly one. `pixels` is the offset at which
    /// the pixels end.
    pub(super) fn from_bytes(bytes: &[u8], pixels: usize) -> Option<Self> {
        let mut reader = Reader(bytes);
        let mut index = Self::default();
        let mut offset = HEADER;
        for _ in 0..reader.u64()? {
            let [width, height] = [reader.u32()? as usize, reader.u32()? as usize];
            let class = Some(reader.u32()?).filter(|&class| class != NO_CLASS);
            let class = class.map(|class| class as usize);
            let entry = Entry { offset, width, height, class, name: reader.text()? };
            let bytes = width.checked_mul(height)?.checked_mul(3).filter(|&bytes| bytes > 0)?;
            offset = offset.checked_add(bytes)?;
            index.entries.push(entry);
        }
        for _ in 0..reader.u64()? {
            index.classes.push(reader.text()?);
        }
        for _ in 0..reader.u64()? {
            index.bad.push(BadPicture { name: reader.text()?, reason: reader.text()? });
        }
        for _ in 0..reader.u64()? {
            index.checksums.push(reader.u32()?);
        }
        let classes = index.classes.len();
        let classes_exist = index.entries.iter().all(|it| it.class.is_none_or(|it| it < classes));
        let whole = reader.0.is_empty() && offset == pixels;
        (whole && classes_exist && index.checksums.len() == pixels.div_ceil(CHUNK)).then_some(index)
    }
}

/// Takes numbers and strings from the front of a slice.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn u64(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.u32()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}
