//! A whole study: all runs, and the comparison of their results.

use std::fs;

use sempairs_backbone::BackboneFactory;

use super::runner::Runner;
use super::summarise::{ComparisonFiles, Summary, stored};
use crate::Error;
use crate::comparison::Comparison;
use crate::experiment::{Objective, Study};

impl Runner {
    /// Runs every arm with every seed and compares the arms. Finished runs are not repeated, and
    /// interrupted runs are resumed. A run counts as finished by its stored scores and identity,
    /// whether or not its weights are there. Results are stored in the study's folder as soon as
    /// they are available, and example pairs of every arm before the first run;
    /// [`summarise`](crate::run::summarise()) reads them.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    pub fn compare<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Result<Comparison, Error> {
        study.check(&study.name)?;
        self.warn(study);
        self.tell_difference(study);
        // All runs are checked before the first one, so that none is trained in vain.
        self.check_runs(study)?;
        let ready = self.ready(study)?;
        // Written before the runs, so that a comparison that is killed has them too.
        self.begin(&ready)?;
        // All arms of a seed are run before the next seed, so that an interrupted study can be
        // evaluated for its complete seeds (`--set seeds=...`).
        for seed in &ready.study.seeds {
            for arm in &ready.study.arms {
                self.run(&ready, arm, *seed)?;
            }
        }
        self.end(&ready)?;
        stored(&self.folder(study))
    }

    /// Writes a comparison into the study's folder: `table.txt`, `comparison.json`, and
    /// `report.html` with the example pairs that [`compare`](Self::compare) has stored there.
    ///
    /// # Errors
    /// [`Error::Io`], and any error of reading the example pairs.
    pub fn write_comparison<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        comparison: &Comparison,
    ) -> Result<ComparisonFiles, Error> {
        let folder = self.folder(study);
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        Summary::of(&folder, comparison.clone())?.write(&folder)
    }
}
