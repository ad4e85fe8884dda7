use rayon::prelude::*;
use sempairs_internal::progress_bar;

use crate::{Identity, PictureSource, Stamp};

/// The parts of a source that a fingerprint covers.
///
/// The three sequences of hashed bytes are parts of stored files, so they must not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fingerprint {
    /// Names and classes of the pictures. It is the same wherever the pictures are stored.
    Names,
    /// Names, classes and [stamps](PictureSource::stamp), and sizes and pixels of up to 64
    /// pictures.
    Features,
    /// Numbers of classes and pictures, names, classes and stamps, and widths and pixels of up to
    /// 16 pictures.
    Cache,
}

impl Fingerprint {
    /// The hash of what has been hashed so far, `start`, followed by the source.
    ///
    /// The pictures whose pixels are hashed are evenly spaced over the source. They distinguish
    /// sources whose pictures have the same names and no files, such as rendered scenes of
    /// different seeds; hashing all pixels would cost as much as the files with the fingerprint
    /// save. A picture that was replaced by another of the same length and modification time is
    /// not detected. Pictures that cannot be read are skipped, since whatever reads all of them
    /// next reports the error.
    pub fn of(self, source: &dyn PictureSource, start: Identity) -> Identity {
        let number = |number: usize| (number as u64).to_le_bytes();
        let mut identity = start;
        if self == Self::Cache {
            identity = identity.and(&number(source.classes().len()));
        }
        for class in source.classes() {
            identity = identity.and_field(class.as_bytes());
        }
        if self == Self::Cache {
            identity = identity.and(&number(source.len()));
        }
        let (stamps, samples) = match self {
            Self::Names => (vec![None; source.len()], 0),
            Self::Features => (stamps(source), source.len().min(64)),
            Self::Cache => (stamps(source), source.len().min(16)),
        };
        for (index, stamp) in stamps.into_iter().enumerate() {
            let class = source.class(index).map_or(u64::MAX, |class| class as u64);
            identity = identity.and_field(source.name(index).as_bytes()).and(&class.to_le_bytes());
            identity = match (self, stamp.map(Stamp::to_le_bytes)) {
                (Self::Cache, stamp) => {
                    identity.and_field(stamp.as_ref().map_or(&[], |bytes| bytes))
                }
                (_, Some(stamp)) => identity.and(&stamp),
                (_, None) => identity,
            };
        }
        for sample in 0..samples {
            let Ok(picture) = source.read(sample * source.len() / samples) else { continue };
            identity = identity.and(&number(picture.width()));
            if self == Self::Features {
                identity = identity.and(&number(picture.height()));
            }
            identity = identity.and_field(picture.pixels());
        }
        identity
    }
}

/// The stamps of all pictures, in order. They are read on all cores because a network drive may be
/// slow to answer.
fn stamps(source: &dyn PictureSource) -> Vec<Option<Stamp>> {
    let bar = progress_bar("looking at files", source.len() as u64);
    let stamp = |index| {
        bar.inc(1);
        source.stamp(index)
    };
    (0..source.len()).into_par_iter().map(stamp).collect()
}
