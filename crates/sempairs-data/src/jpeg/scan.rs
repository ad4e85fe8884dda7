//! The header of a scan, and its entropy-coded data up to the next marker.

use memchr::memchr;

use super::frame::Frame;
use super::huffman::Huffman;
use super::markers::no_end_marker;
use super::progressive::Band;
use super::segments::Tables;

/// A scan header (T.81, annex B.2.3).
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    pub(super) band: Band,
}

/// A component in a scan.
pub(super) struct Part {
    /// Index of the component in the frame.
    pub(super) component: usize,
    /// Indices of its Huffman tables for DC and AC coefficients.
    dc: usize,
    ac: usize,
}

/// The Huffman tables for DC and AC coefficients of each part of a scan, where needed.
pub(super) type Codes<'t> = Vec<(Option<&'t Huffman>, Option<&'t Huffman>)>;

impl Scan {
    pub(super) fn read(body: &[u8], frame: &Frame) -> Result<Self, String> {
        let malformed = || String::from("a scan header is malformed");
        let (&count, rest) = body.split_first().ok_or_else(malformed)?;
        let count = usize::from(count);
        if !(1..=4).contains(&count) || rest.len() != 2 * count + 3 {
            return Err(malformed());
        }
        let (list, last) = rest.split_at(2 * count);
        let mut parts: Vec<Part> = Vec::with_capacity(count);
        for it in list.chunks_exact(2) {
            let component = frame.components.iter().position(|component| component.id == it[0]);
            let component = component.ok_or_else(|| {
                format!("a scan contains component {}, which the frame lacks", it[0])
            })?;
            let (dc, ac) = (usize::from(it[1] >> 4), usize::from(it[1] & 15));
            if dc > 3 || ac > 3 || parts.iter().any(|part| part.component == component) {
                return Err(malformed());
            }
            parts.push(Part { component, dc, ac });
        }
        if !frame.progressive {
            return Ok(Self { parts, band: Band::ALL });
        }
        let (first, end) = (usize::from(last[0]), usize::from(last[1]));
        let (high, low) = (last[2] >> 4, last[2] & 15);
        let ordered = if first == 0 { end == 0 } else { first <= end && end < 64 && count == 1 };
        if !ordered || low > 13 || (high != 0 && high != low + 1) {
            return Err(malformed());
        }
        Ok(Self { parts, band: Band { first, last: end, high, low } })
    }

    /// Looks up the tables for DC coefficients, AC coefficients or both.
    pub(super) fn codes<'t>(
        &self,
        tables: &'t Tables,
        dc: bool,
        ac: bool,
    ) -> Result<Codes<'t>, String> {
        let find = |tables: &'t [Option<Box<Huffman>>; 4], number: usize, wanted: bool| {
            if !wanted {
                return Ok(None);
            }
            let missing = || format!("Huffman table {number} is missing");
            tables[number].as_deref().map(Some).ok_or_else(missing)
        };
        let both =
            |part: &Part| Ok((find(&tables.dc, part.dc, dc)?, find(&tables.ac, part.ac, ac)?));
        self.parts.iter().map(both).collect()
    }
}

/// The entropy-coded data between two markers, split into restart intervals.
pub(super) struct Intervals {
    /// The bytes of all intervals, without the zero bytes stuffed after FF.
    bytes: Vec<u8>,
    /// End of each interval in `bytes`.
    ends: Vec<usize>,
}

impl Intervals {
    /// Reads from `start` to the first marker other than a restart marker, and also returns the
    /// offset of that marker's FF byte.
    pub(super) fn read(file: &[u8], start: usize) -> Result<(Self, usize), String> {
        let mut bytes = Vec::with_capacity(file.len() - start);
        let mut ends = Vec::new();
        let mut at = start;
        loop {
            let rest = &file[at..];
            let Some(run) = memchr(0xFF, rest) else { return Err(no_end_marker(file)) };
            // FF bytes may pad before a marker; FF 00 stands for a data byte FF.
            let fill = rest[run..].iter().take_while(|&&byte| byte == 0xFF).count();
            match (rest.get(run + fill), fill) {
                (None, _) => return Err(no_end_marker(file)),
                (Some(0), 1) => {
                    bytes.extend_from_slice(&rest[..=run]);
                    at += run + 2;
                }
                (Some(0), _) => return Err("FF bytes that belong to no marker".into()),
                (Some(&code), _) => {
                    bytes.extend_from_slice(&rest[..run]);
                    if !matches!(code, 0xD0..=0xD7) {
                        ends.push(bytes.len());
                        return Ok((Self { bytes, ends }, at + run));
                    }
                    let expected = 0xD0 + (ends.len() % 8) as u8;
                    if code != expected {
                        let (code, expected) = (code - 0xD0, expected - 0xD0);
                        return Err(format!("restart marker {code} instead of {expected}"));
                    }
                    ends.push(bytes.len());
                    at += run + fill + 1;
                }
            }
        }
    }

    /// Number of bytes of all intervals.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The data of each interval. A restart marker after the last interval, as some encoders write,
    /// does not begin another one.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let count = self.ends.len();
        let empty = count > 1 && self.ends[count - 1] == self.ends[count - 2];
        let ends = &self.ends[..count - usize::from(empty)];
        ends.iter().enumerate().map(|(number, &end)| {
            let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.bytes[start..end]
        })
    }
}
