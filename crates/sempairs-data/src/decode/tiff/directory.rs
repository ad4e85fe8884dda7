//! The first image file directory (IFD) of a TIFF file (TIFF 6.0, section 2; BigTIFF), as far as it
//! describes the picture.

/// An image file directory, whose tags are read from the file's bytes.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    /// Whether the file is a BigTIFF, with 64-bit offsets.
    big: bool,
    /// Offsets of the entries.
    entries: Vec<usize>,
}

impl<'a> Directory<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let big_endian = bytes.starts_with(b"MM");
        let mut directory = Self { bytes, big_endian, big: false, entries: Vec::new() };
        directory.big = directory.number(2, 2)? == 43;
        let (count_size, entry_size) = if directory.big { (8, 20) } else { (2, 12) };
        let at = if directory.big { directory.number(8, 8)? } else { directory.number(4, 4)? };
        let at = at as usize;
        let count = directory.number(at, count_size)? as usize;
        let end = count.checked_mul(entry_size).and_then(|it| it.checked_add(at + count_size));
        if end.is_none_or(|end| end > bytes.len()) {
            return Err("truncated: its directory goes beyond the end of the file".into());
        }
        directory.entries = (0..count).map(|it| at + count_size + it * entry_size).collect();
        Ok(directory)
    }

    fn entry(&self, tag: u16) -> Option<usize> {
        let found = |&&at: &&usize| self.number(at, 2) == Ok(u64::from(tag));
        self.entries.iter().find(found).copied()
    }

    pub(super) fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    /// The integers of a tag; empty if the tag is missing or not of an integer type.
    pub(super) fn values(&self, tag: u16) -> Result<Vec<u64>, String> {
        let Some(at) = self.entry(tag) else { return Ok(Vec::new()) };
        let size = match self.number(at + 2, 2)? {
            1 | 2 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return Ok(Vec::new()),
        };
        let inline = if self.big { 8 } else { 4 };
        let count = self.number(at + 4, inline)? as usize;
        let start = at + 4 + inline;
        let within = count.checked_mul(size).is_some_and(|length| length <= inline);
        let start = if within { start } else { self.number(start, inline)? as usize };
        let end = count.checked_mul(size).and_then(|length| length.checked_add(start));
        if end.is_none_or(|end| end > self.bytes.len()) {
            return Err(format!(
                "truncated: the values of its tag {tag} lie beyond the end of the file"
            ));
        }
        (0..count).map(|it| self.number(start + it * size, size)).collect()
    }

    /// The first integer of a tag, or `standard` if there is none.
    pub(super) fn value(&self, tag: u16, standard: u64) -> Result<u64, String> {
        Ok(self.values(tag)?.first().copied().unwrap_or(standard))
    }

    /// A copy of the file with another first value of a tag of 16-bit integers.
    pub(super) fn with_value(&self, tag: u16, value: u16) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        if let Some(at) = self.entry(tag) {
            let at = at + if self.big { 12 } else { 8 };
            let value = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
            bytes[at..at + 2].copy_from_slice(&value);
        }
        bytes
    }

    fn number(&self, at: usize, size: usize) -> Result<u64, String> {
        let end = at.checked_add(size).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or("truncated within its directory")?;
        let digits = self.bytes[at..end].iter();
        let append = |number: u64, &digit: &u8| number << 8 | u64::from(digit);
        Ok(if self.big_endian { digits.fold(0, append) } else { digits.rev().fold(0, append) })
    }
}
