use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use fast_image_resize::Resizer;
use rayon::prelude::*;

use super::CachedSource;
use super::format::{self, CHUNK, Entry, Index};
use super::resize::shrink;
use crate::validate::{refuse as refuse_files, unfit};
use crate::{BadPicture, DataError, OnBadPicture, Picture, PictureSource, interrupt};
use sempairs_internal::progress_bar;
use sempairs_internal::write_atomically;

/// Pictures that each thread decodes before they are written: this number times the number of
/// threads is the number of pictures in memory at once.
const WINDOW: usize = 16;

/// Result of building a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildReport {
    /// Number of pictures in the cache.
    pub pictures: usize,
    /// Number of pictures that were reduced in size.
    pub shrunk: usize,
    /// Length of the cache file in bytes.
    pub bytes: u64,
    /// Pictures that could not be decoded and were skipped.
    pub bad: Vec<BadPicture>,
}

impl CachedSource {
    /// Builds a cache of `source` at `path`.
    ///
    /// Every picture is decoded, on all cores, and reduced so that its shorter side is `short_side`
    /// pixels (antialiased bilinear filtering; smaller pictures are not enlarged). A progress bar
    /// is shown on a terminal.
    ///
    /// The file is written atomically: it appears only when it is complete, also if the process is
    /// [interrupted](interrupt) or fails. At most 16 pictures per core are held in memory.
    ///
    /// # Errors
    ///
    /// - The error of the first bad picture under [`OnBadPicture::Error`], or if all are bad.
    /// - [`DataError::Io`] if the file cannot be written, for example because the disk is full.
    /// - [`DataError::Cache`] for a short side of zero or an empty source.
    /// - [`DataError::Interrupted`].
    pub fn build(
        source: &dyn PictureSource,
        short_side: usize,
        path: impl AsRef<Path>,
        on_bad: OnBadPicture,
    ) -> Result<BuildReport, DataError> {
        let path = path.as_ref();
        let refuse = |reason: &str| DataError::Cache { path: path.into(), reason: reason.into() };
        let side = u32::try_from(short_side).ok().filter(|&side| side > 0);
        let side =
            side.ok_or_else(|| refuse("the short side must be from 1 to 2^32 - 1 pixels"))?;
        if source.is_empty() {
            return Err(refuse("the source has no pictures to cache"));
        }
        if on_bad == OnBadPicture::Error {
            // Finds files such as videos before any picture is decoded.
            refuse_files(unfit(source)?)?;
        }
        let header = format::header(side, Self::identity_of(source, short_side));
        let mut build =
            Build { source, short_side, on_bad, report: BuildReport::new(), failure: None };
        // A picture's error stops the writing; it is reported instead of the resulting I/O error.
        let written = write_atomically(path, |out| build.fill(out, &header));
        match (build.failure, written) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(DataError::io(path, error)),
            (None, Ok(())) => Ok(build.report),
        }
    }
}

impl BuildReport {
    fn new() -> Self {
        Self { pictures: 0, shrunk: 0, bytes: 0, bad: Vec::new() }
    }
}

struct Build<'a> {
    source: &'a dyn PictureSource,
    short_side: usize,
    on_bad: OnBadPicture,
    report: BuildReport,
    /// The error of the picture that stopped the writing, if any.
    failure: Option<DataError>,
}

impl Build<'_> {
    fn fill(&mut self, out: &mut BufWriter<File>, header: &[u8]) -> io::Result<()> {
        let source = self.source;
        let mut out = Checksummed { out, written: 0, crc: crc32fast::Hasher::new(), crcs: vec![] };
        let mut entries = Vec::with_capacity(source.len());
        out.write(header)?;
        let mut first_bad = None;
        let bar = progress_bar("decoding pictures", source.len() as u64);
        let window = WINDOW * rayon::current_num_threads();
        for start in (0..source.len()).step_by(window) {
            let end = source.len().min(start + window);
            for (index, read) in (start..end).zip(decode(source, self.short_side, start..end)) {
                match read {
                    Ok((picture, shrunk)) => {
                        let offset = out.written;
                        out.write(picture.pixels())?;
                        self.report.shrunk += usize::from(shrunk);
                        let (width, height) = (picture.width(), picture.height());
                        let (class, name) = (source.class(index), source.name(index));
                        entries.push(Entry { offset, width, height, class, name });
                    }
                    Err(error @ DataError::Interrupted) => return self.fail(error),
                    Err(error) if self.on_bad == OnBadPicture::Error => return self.fail(error),
                    Err(error) => {
                        self.report.bad.push(BadPicture::new(source.name(index), &error));
                        first_bad.get_or_insert(error);
                    }
                }
            }
            bar.set_position(end as u64);
        }
        drop(bar);
        if let (true, Some(error)) = (entries.is_empty(), first_bad) {
            return self.fail(error);
        }
        self.report.pictures = entries.len();
        let offset = out.written;
        let (out, checksums) = out.finish();
        let (classes, bad) = (source.classes().to_vec(), self.report.bad.clone());
        let index = Index { entries, classes, bad, checksums }.to_bytes();
        out.write_all(&index)?;
        out.write_all(&format::footer(offset as u64, &index))?;
        self.report.bytes = (offset + index.len() + format::FOOTER) as u64;
        Ok(())
    }

    /// Stops the writing with an error of a picture or an interrupt.
    fn fail(&mut self, error: DataError) -> io::Result<()> {
        self.failure = Some(error);
        Err(io::Error::other("the cache is incomplete"))
    }
}

/// Decodes the pictures of a window and reduces them; the flag says whether a picture was reduced.
fn decode(
    source: &dyn PictureSource,
    short_side: usize,
    window: Range<usize>,
) -> Vec<Result<(Picture<'_>, bool), DataError>> {
    let decode = |resizer: &mut Resizer, index| {
        interrupt::check()?;
        let picture = source.read(index)?;
        let width = picture.width();
        let kept = shrink(picture, short_side, resizer);
        let shrunk = kept.width() != width;
        Ok((kept, shrunk))
    };
    window.into_par_iter().map_init(Resizer::new, decode).collect()
}

/// Writer that counts the bytes and computes a checksum of every chunk.
struct Checksummed<'a> {
    out: &'a mut BufWriter<File>,
    written: usize,
    crc: crc32fast::Hasher,
    crcs: Vec<u32>,
}

impl<'a> Checksummed<'a> {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        while !bytes.is_empty() {
            let room = CHUNK - self.written % CHUNK;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.crc.update(now);
            self.written += now.len();
            if self.written.is_multiple_of(CHUNK) {
                self.crcs.push(std::mem::take(&mut self.crc).finalize());
            }
            bytes = later;
        }
        Ok(())
    }

    fn finish(mut self) -> (&'a mut BufWriter<File>, Vec<u32>) {
        if !self.written.is_multiple_of(CHUNK) {
            self.crcs.push(self.crc.finalize());
        }
        (self.out, self.crcs)
    }
}
