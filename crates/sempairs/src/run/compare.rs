//! A whole study: all runs, and the comparison of their results.

use std::fs;

use sempairs_backbone::BackboneFactory;

use super::check::check_pairs;
use super::examples::examples;
use super::measure::{baselines, map};
use super::record::{self, ArmRecord, StudyRecord};
use super::runner::Runner;
use super::summarise::{ComparisonFiles, Summary, stored};
use crate::Error;
use crate::comparison::Comparison;
use crate::experiment::{Objective, Study};

impl Runner {
    /// Runs every arm with every seed and compares the arms. Finished runs are not repeated, and
    /// interrupted runs are resumed. Results are stored in the study's folder as soon as they are
    /// available, and example pairs of every arm before the first run;
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
        for arm in &study.arms {
            for seed in &study.seeds {
                self.check_unopened(study, arm, *seed)?;
            }
        }
        // The pairs of the first seed are kept until the end, so that they are drawn only once.
        let mut pairs = Vec::new();
        for arm in &study.arms {
            let drawn = self.pairs(study, arm, study.seeds[0])?;
            check_pairs(study, arm, drawn.len())?;
            pairs.push(drawn);
        }
        let study = &self.in_steps(study)?;
        let downstream = self.with_bars(&self.downstream(study)?);
        study.check_downstream(&downstream)?;
        let folder = self.folder(study);
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let mut record = StudyRecord {
            name: study.name.clone(),
            identity: study.identity().to_string(),
            experiment: study.to_toml(),
            device: self.device_name.clone(),
            classes: downstream[0].train.classes().len(),
            classes_of: record::classes_of(&downstream),
            baselines: Vec::new(),
            arms: study
                .arms
                .iter()
                .zip(&pairs)
                .map(|(arm, pairs)| ArmRecord {
                    arm: arm.clone(),
                    pairs: pairs.len(),
                    pictures: pairs.pictures(),
                })
                .collect(),
            seeds: study.seeds.clone(),
        };
        record.write(&folder)?;
        // Written before the runs, so that a comparison that is killed has them too.
        record::write_examples(&folder, &examples(study, &pairs)?)?;
        // All arms of a seed are run before the next seed, so that an interrupted study can be
        // evaluated for its complete seeds (`--set seeds=...`).
        for seed in &study.seeds {
            for arm in &study.arms {
                let run = self.prepare(study, arm, *seed)?.complete(&downstream)?;
                if seed == &study.seeds[0] {
                    let map = map(&run.backbone, &downstream[0], &self.device)?;
                    record::write_map(&self.run_folder(study, arm, *seed), &map)?;
                }
            }
        }
        record.baselines = baselines(&downstream)?;
        record.write(&folder)?;
        stored(&folder)
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
