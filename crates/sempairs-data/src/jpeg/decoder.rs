//! The decoder: reads markers and scans up to the end of the image and returns its pixels.

use super::frame::Frame;
use super::markers::{Markers, marker};
use super::mcu::Walk;
use super::planes::{Coefficients, Converting, Filling, Window};
use super::progressive::{AcScan, DcScan, Progress};
use super::render::{Colour, Rendering};
use super::scan::{Intervals, Scan};
use super::segments::{Tables, exif};
use super::sequential::SequentialScan;
use crate::Region;
use crate::limits::check_memory;

/// Decoded pixels of a picture.
pub(super) struct Decoded<'a> {
    /// The rectangle of the picture that was decoded.
    pub(super) region: Region,
    /// Interleaved RGB, row by row.
    pub(super) pixels: Vec<u8>,
    /// The TIFF structure of the EXIF segment.
    pub(super) exif: Option<&'a [u8]>,
}

/// State of the decoder between two markers.
pub(super) struct Decoder<'a> {
    markers: Markers<'a>,
    tables: Tables,
    exif: Option<&'a [u8]>,
    /// The colour space, as determined at the first scan.
    colour: Colour,
    frame: Option<Frame>,
    /// The rectangle to decode; `None` for the whole picture.
    region: Option<Region>,
    /// The quantisation table of each component, as defined at the component's first scan.
    quantisers: Vec<Option<[i32; 64]>>,
    store: Store,
    scans: usize,
}

/// Destination of decoded blocks.
enum Store {
    Nothing,
    /// Pixels: a single scan contains all components.
    Pixels(Rendering),
    /// Coefficients: several scans, each with some of the components or some of their bits.
    Coefficients(Vec<Coefficients>, Vec<Progress>),
}

impl<'a> Decoder<'a> {
    /// Prepares to decode a rectangle of the picture as it is stored, or all of it.
    ///
    /// Everything in the file is parsed and checked in either case, with the same errors.
    pub(super) fn new(file: &'a [u8], region: Option<Region>) -> Self {
        Self {
            markers: Markers::new(file),
            tables: Tables::default(),
            exif: None,
            colour: Colour::Grey,
            frame: None,
            region,
            quantisers: Vec::new(),
            store: Store::Nothing,
            scans: 0,
        }
    }

    pub(super) fn decode(mut self) -> Result<Decoded<'a>, String> {
        loop {
            let code = self.markers.next_marker()?;
            match code {
                marker::END_OF_IMAGE => return self.finish(),
                // Markers without a segment. A stray one between segments is harmless.
                0x01 | 0xD0..=0xD7 => {}
                marker::START_OF_IMAGE => return Err("it contains a second start of image".into()),
                marker::START_OF_SCAN => {
                    let body = self.markers.segment()?;
                    let frame =
                        self.frame.as_ref().ok_or("a scan comes before the frame header")?;
                    let scan = Scan::read(body, frame)?;
                    if self.scans == 0 {
                        self.colour = self.tables.colour(frame);
                    }
                    self.scans += 1;
                    let number = self.scans;
                    self.scan(&scan).map_err(|reason| format!("scan {number}: {reason}"))?;
                }
                0xC0..=0xC2 => {
                    let body = self.markers.segment()?;
                    if self.frame.is_some() {
                        return Err("it has two frame headers".into());
                    }
                    let rest = self.markers.file.len() - self.markers.at;
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
                    let body = self.markers.segment()?;
                    self.tables.read(code, body)?;
                    // As in libjpeg, these have no effect after the first scan, when the
                    // orientation and the colour space must be known.
                    if self.scans == 0 {
                        self.exif = self.exif.or(exif(code, body));
                    }
                }
                _ => return Err(unsupported(code)),
            }
        }
    }

    fn scan(&mut self, scan: &Scan) -> Result<(), String> {
        let (intervals, end) = Intervals::read(self.markers.file, self.markers.at)?;
        self.markers.at = end;
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
        let region = self.region.unwrap_or(frame.whole());
        // The limit is that of the whole picture, so that every region gives the same errors.
        if whole && self.scans == 1 {
            check_memory(frame.memory_of_samples())?;
        } else if matches!(self.store, Store::Nothing) {
            check_memory(frame.memory_of_coefficients())?;
            let coefficients = |it| Coefficients::of(it, Window::of(it, region), frame.progressive);
            let coefficients = frame.components.iter().map(coefficients).collect();
            let progress = frame.components.iter().map(|_| Progress::new()).collect();
            self.store = Store::Coefficients(coefficients, progress);
        }
        let skipped = skipped_bytes(frame, scan, region, intervals.len());
        let walk = Walk::new(frame, scan, &intervals, self.tables.restart_interval)?;
        let components: Vec<usize> = scan.parts.iter().map(|part| part.component).collect();
        match &mut self.store {
            Store::Pixels(_) => Err("its components are coded twice".into()),
            Store::Nothing => {
                let codes = scan.codes(&self.tables, true, true)?;
                let mut heights = vec![0; components.len()];
                components
                    .iter()
                    .zip(walk.heights())
                    .for_each(|(&it, height)| heights[it] = height);
                let mut rendering = Rendering::new(frame, self.colour, region, &heights);
                let parts = components.iter().filter_map(|&it| Some((it, self.quantisers[it]?)));
                let converting = Converting { rendering: &mut rendering, parts: parts.collect() };
                walk.each(&mut SequentialScan::new(&codes, converting, skipped))?;
                self.store = Store::Pixels(rendering);
                Ok(())
            }
            Store::Coefficients(coefficients, progress) => {
                for &component in &components {
                    progress[component].advance(scan.band)?;
                }
                if frame.progressive {
                    let band = scan.band;
                    let (dc, ac) = (band.first == 0 && band.high == 0, band.first > 0);
                    let codes = scan.codes(&self.tables, dc, ac)?;
                    // Only scans of AC coefficients have such tables; they have one component.
                    match (codes[0].1, &mut coefficients[components[0]]) {
                        (None, _) => {
                            walk.each(&mut DcScan::new(&codes, band, components, coefficients))
                        }
                        (Some(table), one) if band.high == 0 => {
                            walk.each(&mut AcScan::<false>::new(table, band, one))
                        }
                        (Some(table), one) => walk.each(&mut AcScan::<true>::new(table, band, one)),
                    }
                } else {
                    let codes = scan.codes(&self.tables, true, true)?;
                    let filling = Filling { coefficients, components };
                    walk.each(&mut SequentialScan::new(&codes, filling, skipped))
                }
            }
        }
    }

    fn finish(self) -> Result<Decoded<'a>, String> {
        let frame = self.frame.ok_or("it ends before its frame header")?;
        let region = self.region.unwrap_or(frame.whole());
        let rendering = match self.store {
            Store::Nothing => return Err("it ends before its pixels".into()),
            Store::Pixels(rendering) => rendering,
            Store::Coefficients(mut coefficients, progress) => {
                for (component, progress) in frame.components.iter().zip(&progress) {
                    if let Some(at) = progress.incomplete() {
                        return Err(format!(
                            "truncated: no scan completes coefficient {at} of component {}",
                            component.id
                        ));
                    }
                }
                let quantisers: Vec<_> = self.quantisers.iter().flatten().collect();
                for (it, quantiser) in coefficients.iter().zip(&quantisers) {
                    it.check(quantiser).map_err(|damage| damage.to_string())?;
                }
                let heights: Vec<_> = frame.components.iter().map(|it| it.sampling.1).collect();
                let mut rendering = Rendering::new(&frame, self.colour, region, &heights);
                for _ in 0..frame.mcus.1 {
                    for (number, it) in coefficients.iter_mut().enumerate() {
                        it.convert(quantisers[number], rendering.strip_mut(number));
                    }
                    rendering.advance();
                }
                rendering
            }
        };
        Ok(Decoded { region, pixels: rendering.finish(), exif: self.exif })
    }
}

/// The approximate number of bytes of a scan's blocks that are not needed for `region`.
fn skipped_bytes(frame: &Frame, scan: &Scan, region: Region, bytes: usize) -> usize {
    let components = scan.parts.iter().map(|part| &frame.components[part.component]);
    let (mut needed, mut all) = (0, 0);
    for component in components {
        needed += Window::of(component, region).block_count();
        all += component.block_count();
    }
    bytes - (bytes as u64 * needed as u64 / all as u64) as usize
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
