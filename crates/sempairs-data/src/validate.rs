use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{DataError, LeftOut, PictureSource, Subset, interrupt};
use sempairs_internal::progress_bar;

/// What to do with a picture that cannot be read or decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBadPicture {
    /// Stop with the picture's name and the reason.
    #[default]
    Error,
    /// Leave it out, and list it.
    Skip,
}

impl OnBadPicture {
    /// An error of reading pictures, with `setting` named at its end, as it stands, if that would
    /// have left a bad picture out.
    pub fn explain(self, error: DataError, setting: &str) -> DataError {
        match (error, self) {
            (DataError::Picture { picture, reason }, Self::Error) => {
                let reason = format!("{reason}; {setting} leaves such pictures out");
                DataError::Picture { picture, reason }
            }
            (error, _) => error,
        }
    }
}

/// A picture that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPicture {
    /// Its name in the source.
    pub name: String,
    /// The whole message.
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

/// Looks at the [first bytes](PictureSource::peek) of every picture's file, on all cores, and
/// returns the pictures that begin as such with a list of the others: films, formats that are not
/// supported, links that lead nowhere.
///
/// This takes moments where [`validate()`] takes minutes, and leaves torn pictures in.
///
/// # Errors
///
/// Under [`OnBadPicture::Error`] that of the first such file, which says how many there are. Under
/// either, if none is left, and [`DataError::Interrupted`].
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

/// Reads every picture of `source` once, on all cores, and returns the readable ones with a list of
/// the others, so that training never meets a bad picture half-way.
///
/// A [cache](crate::cache) does the same while it is built; this is for training without one.
///
/// # Errors
///
/// Under [`OnBadPicture::Error`] that of a bad picture; files that are [none](validate_headers) are found
/// before any is read in full. Under either, if none can be read, and [`DataError::Interrupted`].
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
    // Pictures that were not looked at any more are not bad ones.
    interrupt::check()?;
    without(source, bad)
}

/// The pictures whose files do not begin as one, by their numbers.
///
/// # Errors
///
/// [`DataError::Interrupted`].
pub(crate) fn unfit(source: &dyn PictureSource) -> Result<BTreeMap<usize, DataError>, DataError> {
    let bar = progress_bar("looking at files", source.len() as u64);
    let peek = |index: usize| {
        let found = interrupt::check().and_then(|()| source.peek(index));
        bar.inc(1);
        match found.err()? {
            // A picture that was not looked at any more is not a bad one.
            error @ DataError::Interrupted => Some(Err(error)),
            error => Some(Ok((index, error))),
        }
    };
    (0..source.len()).into_par_iter().filter_map(peek).collect()
}

/// The error of the first bad picture, which says how many there are; nothing if there is none.
pub(crate) fn refuse(bad: BTreeMap<usize, DataError>) -> Result<(), DataError> {
    let count = bad.len();
    match bad.into_values().next() {
        None => Ok(()),
        Some(DataError::Picture { picture, reason }) if count > 1 => {
            let reason = format!("{reason} (the first of {count} files that are no such pictures)");
            Err(DataError::Picture { picture, reason })
        }
        Some(error) => Err(error),
    }
}

/// The other pictures, if there are any, and a list of the bad ones.
fn without(
    source: Arc<dyn PictureSource>,
    bad: BTreeMap<usize, DataError>,
) -> Result<(Subset, Vec<BadPicture>), DataError> {
    let good: Vec<usize> = (0..source.len()).filter(|index| !bad.contains_key(index)).collect();
    let list = bad.iter().map(|(&index, error)| BadPicture::new(source.name(index), error));
    let list = list.collect();
    match bad.into_values().next() {
        Some(error) if good.is_empty() => Err(error),
        _ => Ok((Subset::new(source, good).because(LeftOut::Undecodable), list)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_bad_picture_names_the_setting_that_is_not_yet_given() {
        let error = || DataError::picture("cat/1.png", "torn");
        let message = |on_bad: OnBadPicture| on_bad.explain(error(), "`--skip`").to_string();
        assert_eq!(
            message(OnBadPicture::Error),
            "cat/1.png: cannot be decoded: torn; `--skip` leaves such pictures out"
        );
        assert_eq!(message(OnBadPicture::Skip), "cat/1.png: cannot be decoded: torn");
    }
}
