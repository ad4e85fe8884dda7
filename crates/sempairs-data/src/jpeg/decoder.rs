//! The decoder: reads markers and scans up to the end of the image and returns its pixels.

use super::frame::Frame;
use super::idct::idct;
use super::mcu::Walk;
use super::planes::{Coefficients, Plane, check_mean, each};
use super::progressive::{Progress, ProgressiveScan};
use super::render::render;
use super::scan::{Intervals, Scan, no_end_marker};
use super::segments::{Tables, marker};
use super::sequential::SequentialScan;
use crate::decode::check_memory;

/// A decoded picture.
pub(super) struct Picture<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Interleaved RGB, row by row.
    pub(super) pixels: Vec<u8>,
    pub(super) exif: Option<&'a [u8]>,
}

/// State of the decoder between two markers.
pub(super) struct Decoder<'a> {
    file: &'a [u8],
    at: usize,
    tables: Tables<'a>,
    frame: Option<Frame>,
    /// The quantisation table of each component, as defined at the component's first scan.
    quantisers: Vec<Option<[i32; 64]>>,
    store: Store,
    scans: usize,
}

/// Destination of decoded blocks.
enum Store {
    Nothing,
    /// Samples: a single scan contains all components.
    Planes(Vec<Plane>),
    /// Coefficients: several scans, each with some of the components or some of their bits.
    Coefficients(Vec<Coefficients>, Vec<Progress>),
}

impl<'a> Decoder<'a> {
    pub(super) fn new(file: &'a [u8]) -> Self {
        let (tables, store) = (Tables::default(), Store::Nothing);
        // The start-of-image marker was already checked when the format was recognised.
        Self { file, at: 2, tables, frame: None, quantisers: Vec::new(), store, scans: 0 }
    }

    pub(super) fn decode(mut self) -> Result<Picture<'a>, String> {
        loop {
            let code = self.next_marker()?;
            match code {
                marker::END_OF_IMAGE => return self.finish(),
                // Markers without a segment. A stray one between segments is harmless.
                0x01 | 0xD0..=0xD7 => {}
                marker::START_OF_IMAGE => return Err("it contains a second start of image".into()),
                marker::START_OF_SCAN => {
                    let body = self.segment()?;
                    let frame =
                        self.frame.as_ref().ok_or("a scan comes before the frame header")?;
                    let scan = Scan::read(body, frame)?;
                    self.scans += 1;
                    let number = self.scans;
                    self.scan(&scan).map_err(|reason| format!("scan {number}: {reason}"))?;
                }
                0xC0..=0xC2 => {
                    let body = self.segment()?;
                    if self.frame.is_some() {
                        return Err("it has two frame headers".into());
                    }
                    let rest = self.file.len() - self.at;
                    let frame = Frame::read(body, code == 0xC2, rest)?;
                    self.quantisers = vec![None; frame.components.len()];
                    self.frame = Some(frame);
                }
                marker::HUFFMAN
                | marker::QUANTISATION
                | marker::RESTART_INTERVAL
                | marker::ARITHMETIC
                | marker::LINES
                | marker::COMMENT
                | 0xE0..=0xEF => {
                    let body = self.segment()?;
                    self.tables.read(code, body)?;
                }
                _ => return Err(unsupported(code)),
            }
        }
    }

    /// Finds the next marker and returns its code; like libjpeg, it skips bytes before the marker.
    fn next_marker(&mut self) -> Result<u8, String> {
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
    fn segment(&mut self) -> Result<&'a [u8], String> {
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

    fn scan(&mut self, scan: &Scan) -> Result<(), String> {
        let (intervals, end) = Intervals::read(self.file, self.at)?;
        self.at = end;
        let frame = self.frame.as_ref().expect("the scan's header was read");
        for part in &scan.parts {
            let table = frame.components[part.component].table;
            let slot = &mut self.quantisers[part.component];
            if slot.is_none() {
                let missing = || format!("quantisation table {table} is missing");
                *slot = Some(self.tables.quantisers[table].ok_or_else(missing)?);
            }
        }
        let whole = !frame.progressive && scan.parts.len() == frame.components.len();
        if whole && self.scans == 1 {
            check_memory(frame.samples() + frame.pixel_bytes())?;
            let planes = each(frame, Plane::of);
            self.store = Store::Planes(planes);
        } else if matches!(self.store, Store::Nothing) {
            // Coefficients take two bytes each. They are replaced by samples before the RGB pixels
            // are allocated.
            let samples = frame.samples();
            check_memory((3 * samples).max(samples + frame.pixel_bytes()))?;
            let coefficients = each(frame, Coefficients::of);
            self.store = Store::Coefficients(coefficients, each(frame, |_| Progress::new()));
        }
        let walk = Walk::new(frame, scan, &intervals, self.tables.restart_interval)?;
        match &mut self.store {
            Store::Planes(_) if self.scans > 1 => Err("its components are coded twice".into()),
            Store::Planes(planes) => {
                let codes = scan.codes(&self.tables, true, true)?;
                let quantisers = scan.parts.iter().map(|part| self.quantisers[part.component]);
                let quantisers: Vec<_> = quantisers.flatten().collect();
                walk.each(&mut SequentialScan::new(&codes, |part, x, y, block, coded| {
                    check_mean(block, &quantisers[part])?;
                    let plane = &mut planes[scan.parts[part].component];
                    let stride = plane.stride;
                    idct(block, coded, &quantisers[part], plane.block(x, y), stride);
                    Ok(())
                }))
            }
            Store::Coefficients(coefficients, progress) => {
                for part in &scan.parts {
                    progress[part.component].advance(scan.band)?;
                }
                if frame.progressive {
                    let band = scan.band;
                    let (dc, ac) = (band.first == 0 && band.high == 0, band.first > 0);
                    let codes = scan.codes(&self.tables, dc, ac)?;
                    let parts = scan.parts.iter().map(|part| part.component).collect();
                    walk.each(&mut ProgressiveScan::new(&codes, band, parts, coefficients))
                } else {
                    let codes = scan.codes(&self.tables, true, true)?;
                    walk.each(&mut SequentialScan::new(&codes, |part, x, y, block, _| {
                        *coefficients[scan.parts[part].component].block(x, y) = *block;
                        *block = [0; 64];
                        Ok(())
                    }))
                }
            }
            Store::Nothing => unreachable!("set above"),
        }
    }

    fn finish(self) -> Result<Picture<'a>, String> {
        let frame = self.frame.ok_or("it ends before its frame header")?;
        let planes = match self.store {
            Store::Nothing => return Err("it ends before its pixels".into()),
            Store::Planes(planes) => planes,
            Store::Coefficients(coefficients, progress) => {
                for (component, progress) in frame.components.iter().zip(&progress) {
                    if let Some(at) = progress.incomplete() {
                        return Err(format!(
                            "truncated: no scan completes coefficient {at} of component {}",
                            component.id
                        ));
                    }
                }
                let quantisers = self.quantisers.iter().flatten();
                let parts = coefficients.into_iter().zip(&frame.components).zip(quantisers);
                parts
                    .map(|((it, component), table)| it.into_plane(component, table))
                    .collect::<Result<_, _>>()
                    .map_err(|damage| damage.to_string())?
            }
        };
        let pixels = render(&frame, &planes, self.tables.colour(&frame));
        Ok(Picture { width: frame.width, height: frame.height, pixels, exif: self.tables.exif })
    }
}

/// Error for a kind of frame or a marker that is not supported.
fn unsupported(code: u8) -> String {
    let kind = match code {
        0xC9 | 0xCA | 0xCB | 0xCD..=0xCF => "an arithmetic-coded JPEG",
        0xC3 => "a lossless JPEG",
        0xC5..=0xC7 | 0xDE | 0xDF => "a hierarchical JPEG",
        _ => return format!("malformed: unexpected marker FF {code:02X}"),
    };
    format!("it is {kind}, which is not supported; save it as a baseline JPEG or as PNG")
}
