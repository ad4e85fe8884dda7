//! Markers and the segments that follow them (T.81, annex B.1.1).

/// The second byte of each marker.
pub(super) mod marker {
    pub const START_OF_IMAGE: u8 = 0xD8;
    pub const END_OF_IMAGE: u8 = 0xD9;
    pub const START_OF_SCAN: u8 = 0xDA;
    pub const QUANTISATION: u8 = 0xDB;
    pub const LINES: u8 = 0xDC;
    pub const RESTART_INTERVAL: u8 = 0xDD;
    pub const HUFFMAN: u8 = 0xC4;
    pub const ARITHMETIC: u8 = 0xCC;
    pub const COMMENT: u8 = 0xFE;
}

/// Reader of the markers and segments of a file.
pub(super) struct Markers<'a> {
    pub(super) file: &'a [u8],
    /// Offset of the next byte to read.
    pub(super) at: usize,
}

impl<'a> Markers<'a> {
    /// Starts after the start-of-image marker, which was already checked when the format was
    /// recognised.
    pub(super) fn new(file: &'a [u8]) -> Self {
        Self { file, at: 2 }
    }

    /// Finds the next marker and returns its code; like libjpeg, it skips bytes before the marker.
    pub(super) fn next_marker(&mut self) -> Result<u8, String> {
        loop {
            let rest = self.file.get(self.at..).unwrap_or_default();
            let start = memchr::memchr(0xFF, rest).ok_or_else(|| no_end_marker(self.file))?;
            let fill = rest[start..].iter().take_while(|&&byte| byte == 0xFF).count();
            let code = *rest.get(start + fill).ok_or_else(|| no_end_marker(self.file))?;
            self.at += start + fill + 1;
            if code != 0 {
                return Ok(code);
            }
        }
    }

    /// Returns the body of the segment whose marker was just read.
    pub(super) fn segment(&mut self) -> Result<&'a [u8], String> {
        let rest = &self.file[self.at..];
        let length = rest.first_chunk().map(|&length| usize::from(u16::from_be_bytes(length)));
        let length = length.ok_or_else(|| no_end_marker(self.file))?;
        if length < 2 {
            return Err("a segment's length is less than the two bytes of the length itself".into());
        }
        let body = rest.get(2..length).ok_or_else(|| no_end_marker(self.file))?;
        self.at += length;
        Ok(body)
    }
}

/// Error for a file without an end-of-image marker.
pub(super) fn no_end_marker(file: &[u8]) -> String {
    format!("truncated: no end-of-image marker in its {} bytes", file.len())
}
