use std::path::Path;

use crate::{DataError, LeftOut, Picture, Stamp};

/// A numbered collection of pictures, some or all of them with a class.
///
/// Sources are read from many threads at once, so `read` takes `&self` and keeps no position.
///
/// ```
/// use sempairs_data::{DataError, Picture, PictureSource};
///
/// /// Two classes of plain pictures.
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
    /// How many pictures there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the classes, in the order of their numbers; empty for an unlabelled source.
    fn classes(&self) -> &[String];

    /// The class of a picture, an index into [`classes`](Self::classes); `None` if it has none.
    fn class(&self, index: usize) -> Option<usize>;

    /// What to call a picture in messages and manifests: its path relative to the source's root, or
    /// the file and the record.
    fn name(&self, index: usize) -> String;

    /// The picture itself.
    ///
    /// # Errors
    ///
    /// [`DataError`] with the picture's name and the reason, if it cannot be read or decoded.
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError>;

    /// Whether the first bytes of a picture's file are those of a picture, by which a film is found
    /// without reading it. By default all is well, as in sources whose pictures lie in no file of
    /// their own.
    ///
    /// # Errors
    ///
    /// That of [`read`](Self::read), if the first bytes tell.
    fn peek(&self, _index: usize) -> Result<(), DataError> {
        Ok(())
    }

    /// Where the pictures lie, for messages: a folder or a file. `None`, the default, for pictures
    /// that lie in no single place.
    fn place(&self) -> Option<&Path> {
        None
    }

    /// The names of the pictures that are not here although they are where these come from, so that
    /// a message can say why; none by default.
    fn left_out(&self) -> Vec<(String, LeftOut)> {
        Vec::new()
    }

    /// Length and time of the file that a picture lies in, by which a [cache](crate::cache) knows
    /// that the file was replaced under the same name. `None`, the default, for pictures that lie
    /// in no file.
    fn stamp(&self, _index: usize) -> Option<Stamp> {
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
    fn peek(&self, index: usize) -> Result<(), DataError> {
        (**self).peek(index)
    }
    fn place(&self) -> Option<&Path> {
        (**self).place()
    }
    fn left_out(&self) -> Vec<(String, LeftOut)> {
        (**self).left_out()
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        (**self).stamp(index)
    }
}
