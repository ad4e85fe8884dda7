//! Pictures and sources for the tests.
#![allow(dead_code)] // each test file uses only some of them

pub mod bytes;
pub mod jpeg;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat, RgbImage};
use sempairs_data::{DataError, Nuisances, Picture, PictureSource};

/// A picture whose neighbouring pixels all differ.
pub fn varied(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 37 + y * 11) as u8, (x * 5 + y * 83 + 40) as u8, (x * y + 7 * x) as u8])
    })
}

/// A picture that JPEG hardly changes.
pub fn smooth(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 128])
    })
}

pub fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// A GIF whose canvas has 0x0 pixels and whose single frame has 1x1 (Graphics Interchange Format
/// 89a, 18 to 22).
pub fn gif_with_empty_canvas() -> Vec<u8> {
    let mut gif = b"GIF89a".to_vec();
    // Size of the canvas; global palette of two colours, background index, aspect ratio.
    gif.extend([0, 0, 0, 0, 0x80, 0, 0]);
    gif.extend([10, 20, 30, 40, 50, 60]);
    // The frame: position, size, no local palette.
    gif.extend([0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0]);
    // LZW data: clear, colour 0, end. Then the trailer.
    gif.extend([2, 2, 0x44, 0x01, 0, 0x3B]);
    gif
}

/// Writes `bytes` to `root/name`, and creates the folders.
pub fn put(root: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A uniformly grey picture as a PNG.
pub fn plain(grey: u8) -> Vec<u8> {
    encode(RgbImage::from_pixel(4, 4, image::Rgb([grey; 3])), ImageFormat::Png)
}

/// Source of pictures of a single pixel, `counts[c]` of them in class `c`, with interleaved
/// classes.
pub struct Labelled {
    names: Vec<String>,
    class: Vec<Option<usize>>,
    nuisances: Option<fn(usize) -> Nuisances>,
}

impl Labelled {
    pub fn new(counts: &[usize]) -> Self {
        let most = counts.iter().copied().max().unwrap_or(0);
        let class = (0..most)
            .flat_map(|round| (0..counts.len()).filter(move |&class| counts[class] > round))
            .map(Some)
            .collect();
        let names = (0..counts.len()).map(|class| format!("class {class}")).collect();
        Self { names, class, nuisances: None }
    }

    /// A source without classes.
    pub fn unlabelled(count: usize) -> Self {
        Self { names: Vec::new(), class: vec![None; count], nuisances: None }
    }

    /// The same source with nuisance factors that are computed from the index.
    pub fn with_nuisances(self, nuisances: fn(usize) -> Nuisances) -> Self {
        Self { nuisances: Some(nuisances), ..self }
    }
}

impl PictureSource for Labelled {
    fn len(&self) -> usize {
        self.class.len()
    }
    fn classes(&self) -> &[String] {
        &self.names
    }
    fn class(&self, index: usize) -> Option<usize> {
        self.class[index]
    }
    fn name(&self, index: usize) -> String {
        format!("{index}.png")
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        Ok(Picture::new(1, 1, vec![index as u8; 3]))
    }
    fn nuisances(&self, index: usize) -> Option<Nuisances> {
        self.nuisances.map(|nuisances| nuisances(index))
    }
}
