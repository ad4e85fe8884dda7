//! The files that a grid's results are written to.

use std::fs::{self, File};
use std::path::Path;

use super::record::GridRecord;
use crate::Error;
use crate::comparison::Comparison;
use crate::comparison::grid::GridComparison;
use crate::report::GridFiles;
use crate::run::{Summary, stored_examples};

/// Writes the files of every point and of the grid from the stored results. `runs` is the folder
/// that contains that of the grid, `folder`.
///
/// Processes that end at the same time write one after the other, so that the files are those of
/// the process that has read the most results.
pub(super) fn write(
    runs: &Path,
    folder: &Path,
    record: GridRecord,
) -> Result<GridComparison, Error> {
    fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    let lock = File::options().create(true).append(true).open(folder.join(".grid.lock")).ok();
    // Without locks the files are still complete, each by itself.
    let _locked = lock.filter(|file| file.lock().is_ok());
    let comparison = GridComparison::stored(runs, record)?;
    for (point, found) in comparison.record.points.iter().zip(&comparison.points) {
        let Some(found) = found else { continue };
        let of_point = runs.join(&point.folder);
        let examples = stored_examples(&of_point, found)?;
        Summary { comparison: found.clone(), examples }.write(&of_point)?;
    }
    // Last, since a grid of one point has the folder of the point.
    GridFiles::write(folder, &comparison)?;
    Ok(comparison)
}

/// Writes the files of a grid again from the stored results, without pictures and weights. Returns
/// the comparisons of the points that have results; `None` if the folder is not that of a grid.
///
/// # Errors
/// [`Error::File`] for a damaged file, [`Error::Io`] for one that cannot be read or written.
pub fn rewrite(folder: &Path) -> Result<Option<Vec<Comparison>>, Error> {
    let Some(record) = GridRecord::read(folder)? else { return Ok(None) };
    // The folder may be given as `.`, which has no parent.
    let place = std::path::absolute(folder).map_err(|e| Error::io(folder, e))?;
    let comparison = write(place.parent().unwrap_or(&place), folder, record)?;
    Ok(Some(comparison.points.into_iter().flatten().collect()))
}
