//! The report of a grid of experiments: the table of the study as HTML, Markdown, CSV and LaTeX,
//! and its drawings as SVG files.

mod bars;
mod curves;
mod differences;
mod entry;
mod examples;
mod experiments;
mod headline;
mod invariance;
mod lines;
mod list;
mod page;
mod plot;
mod plots;
mod rows;
mod sheet;
mod table;
mod training;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) use entry::{Entry, Said};
pub(super) use list::List;
pub(super) use page::{caption, title, what};
pub(super) use plot::Plot;
pub(super) use sheet::Sheet;
pub(super) use training::information;

pub(super) mod lists {
    //! Lists of every number of a table, and of the times of runs.
    pub use super::list::{differences, scores, times};
}

use sempairs_internal::write_atomically;

use super::{ExamplePairs, export};
use crate::Error;
use crate::comparison::grid::GridComparison;
use crate::run::stored_examples;

/// The example pairs of points, each with its index.
type Examples = [(usize, Vec<ExamplePairs>)];

/// Paths of the files of a grid's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridFiles {
    /// The report, `report.html`.
    pub report: PathBuf,
    /// The tables in Markdown, `tables.md`.
    pub markdown: PathBuf,
    /// One line per accuracy, `tables.csv`.
    pub scores: PathBuf,
    /// One line per difference, `differences.csv`.
    pub differences: PathBuf,
    /// The tables in LaTeX, `tables.tex`.
    pub latex: PathBuf,
    /// The drawings, `plots/*.svg`.
    pub plots: Vec<PathBuf>,
}

impl GridFiles {
    /// Writes the report of a grid into its folder, which is beside the folders of its points. The
    /// example pairs are those of the first point with results, and of every further one with other
    /// pictures or views. For a single experiment, whose
    /// folder is that of the grid, `report.html` replaces the report of the experiment, all
    /// sections of which it has.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and any error of reading the example pairs.
    pub fn write(folder: &Path, grid: &GridComparison) -> Result<Self, Error> {
        let runs = match folder.file_name() {
            Some(_) => folder.parent().unwrap_or(Path::new("")).to_path_buf(),
            None => folder.join(".."),
        };
        let mut examples = Vec::new();
        for (point, comparison) in examples::shown(grid) {
            let folder = runs.join(&grid.record.points[point].folder);
            examples.push((point, stored_examples(&folder, comparison)?));
        }
        // The folder may be given as `.`, which has no name.
        let place = std::path::absolute(folder).map_err(|e| Error::io(folder, e))?;
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let tables = grid.tables();
        let plots = plots::Plots::new(grid, &tables[0]);
        let drawings = folder.join("plots");
        fs::create_dir_all(&drawings).map_err(|e| Error::io(&drawings, e))?;
        let files = Self {
            report: folder.join("report.html"),
            markdown: folder.join("tables.md"),
            scores: folder.join("tables.csv"),
            differences: folder.join("differences.csv"),
            latex: folder.join("tables.tex"),
            plots: plots.all().map(|plot| drawings.join(format!("{}.svg", plot.name))).collect(),
        };
        for (path, plot) in files.plots.iter().zip(plots.all()) {
            write(path, &export::svg(plot))?;
        }
        write(&files.markdown, &export::markdown(grid, &tables))?;
        write(&files.scores, &export::scores_csv(grid, &tables))?;
        write(&files.differences, &export::differences_csv(grid, &tables))?;
        write(&files.latex, &export::latex(grid, &tables))?;
        write(&files.report, &page::page(grid, &tables, &plots, &examples, &name))?;
        Ok(files)
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    write_atomically(path, |out| out.write_all(text.as_bytes())).map_err(|e| Error::io(path, e))
}
