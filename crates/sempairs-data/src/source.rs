use std::path::Path;

use crate::{DataError, Exclusion, Nuisances, Picture, Region, RegionPicture, Stamp};

/// An indexed collection of pictures, of which some or all have a class.
///
/// Sources are read from many threads at once; `read` therefore takes `&self` and keeps no
/// position.
///
/// ```
/// use sempairs_data::{DataError, Picture, PictureSource};
///
/// /// Two classes of uniformly grey pictures.
/// struct Plain;
///
/// impl PictureSource for Plain {
///     fn len(&self) -> usize {
///         10
///     }
///     fn classes(&self) -> &[String] {
///         static NAMES: std::sync::LazyLock<Vec<String>> =
///             std::sync::LazyLock::new(|| vec!["dark".into(), "light".into()]);
///         &NAMES
///     }
///     fn class(&self, index: usize) -> Option<usize> {
///         Some(index % 2)
///     }
///     fn name(&self, index: usize) -> String {
///         format!("plain {index}")
///     }
///     fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
///         Ok(Picture::new(8, 8, vec![if index % 2 == 0 { 20 } else { 230 }; 3 * 64]))
///     }
/// }
/// assert_eq!(Plain.read(3).unwrap().width(), 8);
/// ```
pub trait PictureSource: Send + Sync {
    /// Returns the number of pictures.
    fn len(&self) -> usize;

    /// Returns true if there are no pictures.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the classes, in the order of their indices; empty for an unlabelled source.
    fn classes(&self) -> &[String];

    /// The class of a picture, as an index into [`classes`](Self::classes); `None` if it has none.
    fn class(&self, index: usize) -> Option<usize>;

    /// The name of a picture in messages and manifests: its path relative to the source's root, or
    /// the file and the record's number.
    fn name(&self, index: usize) -> String;

    /// Reads and decodes a picture.
    ///
    /// # Errors
    ///
    /// [`DataError`] with the picture's name and the reason if it cannot be read or decoded.
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError>;

    /// Reads and decodes the pixels of a rectangle of the picture that [`read`](Self::read)
    /// returns, to the bit as there. The result may cover more than `region`; that of the default
    /// is the whole picture.
    ///
    /// # Errors
    ///
    /// The error that [`read`](Self::read) would return, also for damage outside of the rectangle.
    ///
    /// # Panics
    ///
    /// Panics if `region` is empty or not within the picture.
    fn read_region(&self, index: usize, region: Region) -> Result<RegionPicture<'_>, DataError> {
        self.read_planned(index, &mut |_| region)
    }

    /// Reads and decodes the rectangle that `plan` chooses from the width and height of the picture
    /// that [`read`](Self::read) returns.
    ///
    /// A source that can read a part of a picture implements this method; the default reads the
    /// whole picture.
    ///
    /// `plan` is called at most once, and not at all for a picture whose sides cannot be read.
    ///
    /// # Errors
    ///
    /// The error that [`read`](Self::read) would return, also for damage outside of the rectangle.
    ///
    /// # Panics
    ///
    /// Panics if the region is empty or not within the picture.
    fn read_planned(
        &self,
        index: usize,
        plan: &mut dyn FnMut([usize; 2]) -> Region,
    ) -> Result<RegionPicture<'_>, DataError> {
        Ok(RegionPicture::of_whole(self.read(index)?, plan))
    }

    /// Checks that the first bytes of a picture's file are those of a supported format. This
    /// detects a video, for example, without reading all of it. The default, for sources whose
    /// pictures are not separate files, always succeeds.
    ///
    /// # Errors
    ///
    /// The error that [`read`](Self::read) would return, as far as the first bytes determine it.
    fn check_header(&self, _index: usize) -> Result<(), DataError> {
        Ok(())
    }

    /// The folder or file that contains the pictures, for messages. `None`, the default, if there
    /// is no such folder or file.
    fn location(&self) -> Option<&Path> {
        None
    }

    /// The names of the pictures that were excluded from this source, each with the reason.
    /// Messages use it to explain why a name is unknown. Empty by default.
    fn excluded(&self) -> Vec<(String, Exclusion)> {
        Vec::new()
    }

    /// Length and modification time of a picture's file, by which a [cache](crate::cache) detects
    /// that a file was replaced. `None`, the default, for pictures without a file.
    fn stamp(&self, _index: usize) -> Option<Stamp> {
        None
    }

    /// The recorded nuisance factors of a picture, from which [`Pairing::Contrasting`] chooses
    /// partners. `None`, the default, if they are not known; the built-in scenes know them.
    ///
    /// [`Pairing::Contrasting`]: crate::Pairing::Contrasting
    fn nuisances(&self, _index: usize) -> Option<Nuisances> {
        None
    }
}

impl<S: PictureSource + ?Sized> PictureSource for std::sync::Arc<S> {
    fn len(&self) -> usize {
        (**self).len()
    }
    fn classes(&self) -> &[String] {
        (**self).classes()
    }
    fn class(&self, index: usize) -> Option<usize> {
        (**self).class(index)
    }
    fn name(&self, index: usize) -> String {
        (**self).name(index)
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        (**self).read(index)
    }
    fn read_planned(
        &self,
        index: usize,
        plan: &mut dyn FnMut([usize; 2]) -> Region,
    ) -> Result<RegionPicture<'_>, DataError> {
        (**self).read_planned(index, plan)
    }
    fn check_header(&self, index: usize) -> Result<(), DataError> {
        (**self).check_header(index)
    }
    fn location(&self) -> Option<&Path> {
        (**self).location()
    }
    fn excluded(&self) -> Vec<(String, Exclusion)> {
        (**self).excluded()
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        (**self).stamp(index)
    }
    fn nuisances(&self, index: usize) -> Option<Nuisances> {
        (**self).nuisances(index)
    }
}
