//! Marker segments (T.81, annex B): tables and metadata.

use super::frame::Frame;
use super::huffman::Huffman;
use super::markers::marker;
use super::render::Colour;
use super::sequential::NATURAL;

/// Tables and flags that segments define and later segments replace.
#[derive(Default)]
pub(super) struct Tables {
    /// Quantisation tables, in row-major order.
    pub(super) quantisers: [Option<[i32; 64]>; 4],
    pub(super) dc: [Option<Box<Huffman>>; 4],
    pub(super) ac: [Option<Box<Huffman>>; 4],
    /// Number of MCUs between two restart markers; 0 without restart markers.
    pub(super) restart_interval: usize,
    jfif: bool,
    /// The colour transform of Adobe's segment, if present.
    adobe: Option<u8>,
}

impl Tables {
    /// Parses the segment with marker `code`; unknown segments are ignored.
    pub(super) fn read(&mut self, code: u8, body: &[u8]) -> Result<(), String> {
        match code {
            marker::QUANTISATION => self.quantisation(body)?,
            marker::HUFFMAN => self.huffman(body)?,
            marker::RESTART_INTERVAL => {
                let &[high, low] = body else {
                    return Err("the restart interval is malformed".into());
                };
                self.restart_interval = usize::from(u16::from_be_bytes([high, low]));
            }
            0xE0 if body.starts_with(b"JFIF\0") => self.jfif = true,
            0xEE if body.starts_with(b"Adobe") => self.adobe = body.get(11).copied(),
            _ => {}
        }
        Ok(())
    }

    fn quantisation(&mut self, mut body: &[u8]) -> Result<(), String> {
        while let [head, rest @ ..] = body {
            let (wide, number) = (head >> 4, usize::from(head & 15));
            let size = match wide {
                0 => 64,
                1 => 128,
                _ => return Err("a quantisation table is malformed".into()),
            };
            if number > 3 || rest.len() < size {
                return Err("a quantisation table is malformed".into());
            }
            let mut table = [0; 64];
            for (at, &place) in NATURAL[..64].iter().enumerate() {
                table[usize::from(place)] = match wide {
                    0 => i32::from(rest[at]),
                    _ => i32::from(u16::from_be_bytes([rest[2 * at], rest[2 * at + 1]])),
                };
            }
            self.quantisers[number] = Some(table);
            body = &rest[size..];
        }
        Ok(())
    }

    fn huffman(&mut self, mut body: &[u8]) -> Result<(), String> {
        while let [head, rest @ ..] = body {
            let malformed = || String::from("a Huffman table is malformed");
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(malformed)?;
            let symbols: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let (class, number) = (head >> 4, usize::from(head & 15));
            if class > 1 || number > 3 || symbols > 256 || rest.len() < symbols {
                return Err(malformed());
            }
            let table = Box::new(Huffman::new(counts, &rest[..symbols])?);
            let tables = if class == 0 { &mut self.dc } else { &mut self.ac };
            tables[number] = Some(table);
            body = &rest[symbols..];
        }
        Ok(())
    }

    /// The colour space, determined as in libjpeg: from JFIF, then Adobe, then the components'
    /// identifiers.
    pub(super) fn colour(&self, frame: &Frame) -> Colour {
        let names: Vec<u8> = frame.components.iter().map(|it| it.id).collect();
        match (names.len(), self.adobe) {
            (1, _) => Colour::Grey,
            (3, _) if self.jfif => Colour::YCbCr,
            (3, Some(0)) => Colour::Rgb,
            (3, None) if names == *b"RGB" => Colour::Rgb,
            (3, _) => Colour::YCbCr,
            (_, None | Some(0)) => Colour::Cmyk,
            (_, Some(_)) => Colour::Ycck,
        }
    }
}

/// The TIFF structure of the EXIF segment; `None` for other segments.
pub(super) fn exif(code: u8, body: &[u8]) -> Option<&[u8]> {
    if code == 0xE1 { body.strip_prefix(b"Exif\0\0") } else { None }
}
