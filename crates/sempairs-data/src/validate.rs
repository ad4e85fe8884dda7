use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{DataError, Exclusion, PictureSource, Subset, interrupt};
use sempairs_internal::progress_bar;

/// What to do with a picture that cannot be read or decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadPicture {
    /// Return an error with the picture's name and the reason.
    #[default]
    Error,
    /// Exclude the picture and report it.
    Skip,
}

impl OnBadPicture {
    /// Adds to a [`DataError::Picture`] the hint that `setting` (a flag or key, quoted as it should
    /// appear) would skip such pictures. Other errors, and all errors under [`Skip`](Self::Skip),
    /// are returned unchanged.
    pub fn explain(self, error: DataError, setting: &str) -> DataError {
        match (error, self) {
            (DataError::Picture { picture, reason }, Self::Error) => {
                let reason = format!("{reason}; {setting} skips such pictures");
                DataError::Picture { picture, reason }
            }
            (error, _) => error,
        }
    }
}

/// A picture that was excluded because it cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPicture {
    /// The picture's name in the source.
    pub name: String,
    /// The full error message.
    pub reason: String,
}

impl BadPicture {
    pub(crate) fn new(name: String, error: &DataError) -> Self {
        Self { name, reason: error.to_string() }
    }
}

impl std::fmt::Display for BadPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Checks the [first bytes](PictureSource::check_header) of every picture's file, on all cores.
///
/// Returns the pictures that pass, and a list of the others: videos, unsupported formats, broken
/// links. This is much faster than [`validate()`], but does not find truncated or damaged pictures.
///
/// # Errors
///
/// - Under [`OnBadPicture::Error`], the error of the first file that fails, with the number of such
///   files.
/// - Under [`OnBadPicture::Skip`], the error of the first file if no picture passes.
/// - [`DataError::Interrupted`].
pub fn validate_headers(
    source: Arc<dyn PictureSource>,
    on_bad: OnBadPicture,
) -> Result<(Subset, Vec<BadPicture>), DataError> {
    let bad = match on_bad {
        OnBadPicture::Error => refuse(unfit(&*source)?).map(|()| BTreeMap::new())?,
        OnBadPicture::Skip => unfit(&*source)?,
    };
    without(source, bad)
}

/// Reads and decodes every picture of `source` once, on all cores, so that training does not fail
/// on a bad picture later.
///
/// Returns the pictures that can be decoded, and a list of the others. A [cache](crate::cache) does
/// the same while it is built; this function is for training without a cache.
///
/// # Errors
///
/// - Under [`OnBadPicture::Error`], the error of a bad picture. Files that fail
///   [`validate_headers`] are found before any picture is decoded.
/// - Under [`OnBadPicture::Skip`], the error of the first picture if none can be decoded.
/// - [`DataError::Interrupted`].
pub fn validate(
    source: Arc<dyn PictureSource>,
    on_bad: OnBadPicture,
) -> Result<(Subset, Vec<BadPicture>), DataError> {
    if on_bad == OnBadPicture::Error {
        refuse(unfit(&*source)?)?;
    }
    let bar = progress_bar("checking pictures", source.len() as u64);
    let check = |index: usize| -> (usize, Result<(), DataError>) {
        let found = interrupt::check().and_then(|()| source.read(index).map(drop));
        bar.inc(1);
        (index, found)
    };
    let bad: BTreeMap<usize, DataError> = match on_bad {
        OnBadPicture::Error => {
            (0..source.len()).into_par_iter().try_for_each(|index| check(index).1)?;
            BTreeMap::new()
        }
        OnBadPicture::Skip => (0..source.len())
            .into_par_iter()
            .map(check)
            .filter_map(|(index, found)| Some((index, found.err()?)))
            .collect(),
    };
    drop(bar);
    // After an interrupt the remaining pictures fail with `Interrupted`; they are not bad.
    interrupt::check()?;
    without(source, bad)
}

/// The pictures that fail [`PictureSource::peek`], with their indices and errors.
///
/// # Errors
///
/// [`DataError::Interrupted`].
pub(crate) fn unfit(source: &dyn PictureSource) -> Result<BTreeMap<usize, DataError>, DataError> {
    let bar = progress_bar("looking at files", source.len() as u64);
    let peek = |index: usize| {
        let found = interrupt::check().and_then(|()| source.check_header(index));
        bar.inc(1);
        match found.err()? {
            // An interrupted check has no result for the picture.
            error @ DataError::Interrupted => Some(Err(error)),
            error => Some(Ok((index, error))),
        }
    };
    (0..source.len()).into_par_iter().filter_map(peek).collect()
}

/// Returns the error of the first bad picture, with the number of bad ones; `Ok` if there are none.
pub(crate) fn refuse(bad: BTreeMap<usize, DataError>) -> Result<(), DataError> {
    let count = bad.len();
    match bad.into_values().next() {
        None => Ok(()),
        Some(DataError::Picture { picture, reason }) if count > 1 => {
            let reason = format!("{reason} (the first of {count} files that cannot be decoded)");
            Err(DataError::Picture { picture, reason })
        }
        Some(error) => Err(error),
    }
}

/// The pictures of `source` without the `bad` ones, and a list of the bad ones; the first error if
/// all pictures are bad.
fn without(
    source: Arc<dyn PictureSource>,
    bad: BTreeMap<usize, DataError>,
) -> Result<(Subset, Vec<BadPicture>), DataError> {
    let good: Vec<usize> = (0..source.len()).filter(|index| !bad.contains_key(index)).collect();
    let list = bad.iter().map(|(&index, error)| BadPicture::new(source.name(index), error));
    let list = list.collect();
    match bad.into_values().next() {
        Some(error) if good.is_empty() => Err(error),
        _ => Ok((Subset::new(source, good).with_reason(Exclusion::Undecodable), list)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_bad_picture_mentions_the_setting_that_would_skip_it() {
        let error = || DataError::picture("cat/1.png", "truncated");
        let message = |on_bad: OnBadPicture| on_bad.explain(error(), "`--skip`").to_string();
        assert_eq!(
            message(OnBadPicture::Error),
            "cat/1.png: cannot be decoded: truncated; `--skip` skips such pictures"
        );
        assert_eq!(message(OnBadPicture::Skip), "cat/1.png: cannot be decoded: truncated");
    }
}
