use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use fast_image_resize::Resizer;
use rayon::prelude::*;

use super::CachedSource;
use super::format::{self, CHUNK, Entry, Index};
use super::shrink::shrink;
use crate::validate::{refuse as refuse_files, unfit};
use crate::{BadPicture, DataError, OnBadPicture, Picture, PictureSource, interrupt};
use sempairs_internal::progress_bar;
use sempairs_internal::write_whole;

/// Pictures that each thread decodes before all are written: this many, times the threads, are in
/// memory at once.
const WINDOW: usize = 16;

/// What a build did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildReport {
    /// Pictures in the cache.
    pub pictures: usize,
    /// Those among them that were larger and are now smaller.
    pub shrunk: usize,
    /// The file's length.
    pub bytes: u64,
    /// Pictures that could not be decoded and were left out.
    pub bad: Vec<BadPicture>,
}

impl CachedSource {
    /// Decodes every picture of `source` on all cores, brings its shorter side down to `short_side`
    /// pixels (antialiased bilinear filtering; never up), and writes the cache to `path`.
    ///
    /// The file is written whole or not at all, the latter too if the process is [asked to
    /// end](interrupt). Memory is bounded by 16 pictures a core, whatever the size of the source. A
    /// progress bar shows on a terminal.
    ///
    /// # Errors
    ///
    /// That of the first bad picture under [`OnBadPicture::Error`], or if all are bad;
    /// [`DataError::Io`] if the file cannot be written, for instance because the disk is full;
    /// [`DataError::Cache`] for a short side of zero or an empty source;
    /// [`DataError::Interrupted`].
    pub fn build(
        source: &dyn PictureSource,
        short_side: usize,
        path: impl AsRef<Path>,
        on_bad: OnBadPicture,
    ) -> Result<BuildReport, DataError> {
        let path = path.as_ref();
        let refuse = |reason: &str| DataError::Cache { path: path.into(), reason: reason.into() };
        let side = u32::try_from(short_side).ok().filter(|&side| side > 0);
        let side = side.ok_or_else(|| refuse("the short side is not from 1 to 2^32 - 1 pixels"))?;
        if source.is_empty() {
            return Err(refuse("there is no picture to put into it"));
        }
        if on_bad == OnBadPicture::Error {
            // A film among the pictures is no reason to decode half of them first.
            refuse_files(unfit(source)?)?;
        }
        let header = format::header(side, Self::identity_of(source, short_side));
        let mut build =
            Build { source, short_side, on_bad, report: BuildReport::new(), failure: None };
        // An error of a picture stops the writing, and is then the one to report.
        let written = write_whole(path, |out| build.fill(out, &header));
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
    /// The picture's error that stopped the writing, if one did.
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

    /// Stops the writing because of a picture, or of a request to end.
    fn fail(&mut self, error: DataError) -> io::Result<()> {
        self.failure = Some(error);
        Err(io::Error::other("the cache is not whole"))
    }
}

/// The pictures of a window at the size they are kept at, and whether that is smaller.
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

/// Counts what is written and checksums it in chunks.
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
