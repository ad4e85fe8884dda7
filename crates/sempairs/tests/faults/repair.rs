//! Repair of checksums after a mutation.

/// Repairs a checkpoint, whose last four bytes are the CRC-32 of all preceding bytes.
pub fn checkpoint(bytes: &mut [u8]) {
    if let Some((body, crc)) = bytes.split_last_chunk_mut::<4>() {
        *crc = crc32fast::hash(body).to_le_bytes();
    }
}

/// Repairs a decoded cache of less than 4 MiB: the checksum of header and pixels is at the end of
/// the index, that of the index in the footer.
pub fn cache(bytes: &mut [u8]) {
    const FOOTER: usize = 28;
    let Some(footer) = bytes.len().checked_sub(FOOTER) else { return };
    let offset = bytes[footer..footer + 8].try_into().map(u64::from_le_bytes).unwrap_or(0);
    if footer < 4 || offset > (footer - 4) as u64 {
        return;
    }
    let offset = offset as usize;
    let pixels = crc32fast::hash(&bytes[..offset]);
    bytes[footer - 4..footer].copy_from_slice(&pixels.to_le_bytes());
    let length = (footer - offset) as u64;
    bytes[footer + 8..footer + 16].copy_from_slice(&length.to_le_bytes());
    let index = crc32fast::hash(&bytes[offset..footer + 16]);
    bytes[footer + 16..footer + 20].copy_from_slice(&index.to_le_bytes());
}

/// Repairs a PNG, which has a CRC-32 after every chunk.
pub fn png(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = length.try_into().map(u32::from_be_bytes).unwrap_or(0) as usize;
        let Some(chunk) = bytes.get(at + 4..at.saturating_add(8).saturating_add(length)) else {
            return;
        };
        let crc = crc32fast::hash(chunk).to_be_bytes();
        at += 8 + length;
        match bytes.get_mut(at..at + 4) {
            Some(place) => place.copy_from_slice(&crc),
            None => return,
        }
        at += 4;
    }
}

/// Repairs a file of CIFAR-10 records: maps labels to valid classes.
pub fn records(bytes: &mut [u8]) {
    bytes.iter_mut().step_by(3073).for_each(|label| *label %= 10);
}

/// Repairs the labels of STL-10, to values from 1 to 10, and the byte with the number of pictures,
/// to four.
pub fn labels(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|label| *label = 1 + *label % 10);
    if let Some(first) = bytes.first_mut() {
        *first = 4 * 8 + *first % 8;
    }
}

/// Repairs a ZIP archive of uncompressed files: the CRC-32 of each, in the local header and in the
/// central directory.
pub fn zip(bytes: &mut [u8]) {
    let u16_at = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 2).map_or(0, |it| usize::from(u16::from_le_bytes([it[0], it[1]])))
    };
    let u32_at = |bytes: &[u8], at: usize| u16_at(bytes, at) | u16_at(bytes, at + 2) << 16;
    let entries: Vec<usize> =
        (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"PK\x01\x02")).collect();
    for entry in entries {
        let (size, local) = (u32_at(bytes, entry + 20), u32_at(bytes, entry + 42));
        let start = local + 30 + u16_at(bytes, local + 26) + u16_at(bytes, local + 28);
        let Some(content) = bytes.get(start..start.saturating_add(size)) else { continue };
        let crc = crc32fast::hash(content).to_le_bytes();
        for place in [entry + 16, local + 14] {
            if let Some(place) = bytes.get_mut(place..place + 4) {
                place.copy_from_slice(&crc);
            }
        }
    }
}
