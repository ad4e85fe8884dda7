//! What all runs of a study share: checks, opened data, and the files of the study. A comparison
//! and a grid of studies consist of these steps.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sempairs_backbone::{BackboneConfig, BackboneFactory};
use sempairs_data::PairDataset;
use sempairs_eval::{Downstream, Score};
use sempairs_train::{RunDirectory, TrainError};

use super::check::check_pairs;
use super::examples::examples;
use super::measure::map;
use super::prepare::Prepared;
use super::record::{self, ArmRecord, StudyRecord};
use super::runner::Runner;
use crate::Error;
use crate::experiment::{Arm, MethodConfig, Objective, Study};

/// A study whose data are open and whose settings fit them.
pub(crate) struct Ready<M = MethodConfig, B = BackboneConfig> {
    /// The study, whose length is in steps.
    pub study: Study<M, B>,
    /// The downstream data.
    pub downstream: Vec<Downstream>,
    /// The pairs of the arms with the first seed, kept so that they are drawn only once.
    pairs: Vec<Arc<PairDataset>>,
    /// The contents of `study.json` without the baselines.
    record: StudyRecord,
}

/// What became of a run that a process of a grid turned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It was run to its end.
    Run,
    /// Its result was there.
    Kept,
    /// Another process is running it.
    Busy,
}

impl Runner {
    /// Makes all checks of the runs of a study that need no pictures.
    pub(crate) fn check_runs<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Result<(), Error> {
        for arm in &study.arms {
            for seed in &study.seeds {
                self.check_unopened(study, arm, *seed)?;
            }
        }
        Ok(())
    }

    /// Opens the data of a study and checks that its settings fit them. No file of the study is
    /// written.
    pub(crate) fn ready<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Result<Ready<M, B>, Error> {
        let mut pairs = Vec::new();
        for arm in &study.arms {
            let drawn = self.pairs(study, arm, study.seeds[0])?;
            check_pairs(study, arm, drawn.len())?;
            pairs.push(drawn);
        }
        let study = self.in_steps(study)?;
        let downstream = self.with_bars(&self.downstream(&study)?);
        study.check_downstream(&downstream)?;
        let arms = study.arms.iter().zip(&pairs).map(|(arm, pairs)| ArmRecord {
            arm: arm.clone(),
            pairs: pairs.len(),
            pictures: pairs.pictures(),
        });
        let record = StudyRecord {
            name: study.name.clone(),
            identity: study.identity().to_string(),
            experiment: study.to_toml(),
            device: self.device_name.clone(),
            classes: downstream[0].train.classes().len(),
            classes_of: record::classes_of(&downstream),
            baselines: Vec::new(),
            arms: arms.collect(),
            seeds: study.seeds.clone(),
        };
        Ok(Ready { study, downstream, pairs, record })
    }

    /// Writes the files of a study that its runs do not change: `study.json` and the example pairs.
    pub(crate) fn begin<M: Objective, B: BackboneFactory>(
        &self,
        ready: &Ready<M, B>,
    ) -> Result<(), Error> {
        let folder = self.folder(&ready.study);
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        ready.record_in(&folder).write(&folder)?;
        record::write_examples(&folder, &examples(&ready.study, &ready.pairs)?)
    }

    /// Adds the baselines to `study.json`, once the runs have ended, unless they are there.
    pub(crate) fn end<M: Objective, B: BackboneFactory>(
        &self,
        ready: &Ready<M, B>,
    ) -> Result<(), Error> {
        let folder = self.folder(&ready.study);
        let mut record = ready.record_in(&folder);
        if !record.baselines.is_empty() {
            return Ok(());
        }
        for (evaluation, set) in ready.study.evaluation.iter().zip(&ready.downstream) {
            let scores = self.baselines.of(evaluation, set, || Ok(set.baselines()?))?;
            record.baselines.extend(scores);
        }
        record.write(&folder)
    }

    /// Returns true if a run of a study has a result.
    pub(crate) fn has_result<M: Objective, B: BackboneFactory>(&self, ready: &Ready<M, B>) -> bool {
        ready.record.has_result(&self.folder(&ready.study))
    }

    /// Brings the stored result of a finished run up to date: the scores that the study asks for,
    /// in its order.
    pub(crate) fn refresh<M: Objective, B: BackboneFactory>(
        &self,
        ready: &Ready<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<(), Error> {
        self.prepare(&ready.study, arm, seed)?.keep(&ready.downstream)?;
        Ok(())
    }

    /// Runs one arm with one seed from its last checkpoint, unless its result is complete.
    pub(crate) fn run<M: Objective, B: BackboneFactory>(
        &self,
        ready: &Ready<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<(), Error> {
        let run = self.prepare(&ready.study, arm, seed)?;
        match run.keep(&ready.downstream)? {
            true => Ok(()),
            false => with_map(run, ready),
        }
    }

    /// As [`run`](Self::run), unless another process is running it. The run is locked before
    /// anything is computed, so that processes that share a folder divide its runs.
    pub(crate) fn attempt<M: Objective, B: BackboneFactory>(
        &self,
        ready: &Ready<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<Attempt, Error> {
        let mut run = self.prepare(&ready.study, arm, seed)?;
        // A finished run need not be locked, which may be impossible in a folder of results.
        if run.keep(&ready.downstream)? {
            return Ok(Attempt::Kept);
        }
        let directory = match RunDirectory::create(run.folder()) {
            Err(TrainError::Busy { .. }) => return Ok(Attempt::Busy),
            created => created?,
        };
        // Another process may have finished it in the meantime.
        if run.keep(&ready.downstream)? {
            return Ok(Attempt::Kept);
        }
        // The clone holds the lock until the map is written.
        run.directory = Some(directory.clone());
        with_map(run, ready)?;
        drop(directory);
        Ok(Attempt::Run)
    }
}

impl<M, B> Ready<M, B> {
    /// The contents of `study.json` with the baselines that are stored in the study's folder if
    /// they are of the same data. They are read each time, since another process may have added
    /// them.
    fn record_in(&self, folder: &Path) -> StudyRecord {
        let mut record = self.record.clone();
        // A damaged file is written again.
        let stored = StudyRecord::read(folder).unwrap_or(None);
        if let Some(stored) = stored
            && stored.identity == record.identity
            && are_of(&stored.baselines, &self.downstream)
        {
            record.baselines = stored.baselines;
        }
        record
    }
}

/// Trains and scores a run, and writes the map of its features if it is of the first seed.
fn with_map<M: Objective, B: BackboneFactory>(
    run: Prepared<'_, M, B>,
    ready: &Ready<M, B>,
) -> Result<(), Error> {
    let (runner, folder, is_mapped) = (run.runner, run.folder(), run.is_mapped());
    let finished = run.complete(&ready.downstream)?;
    if is_mapped {
        let map = map(&finished.backbone, &ready.downstream[0], &runner.device)?;
        record::write_map(&folder, &map)?;
    }
    Ok(())
}

/// Returns true if baselines are those of these data sets.
fn are_of(baselines: &[Score], downstream: &[Downstream]) -> bool {
    downstream.iter().all(|set| {
        let mut of_set = baselines.iter().filter(|score| score.dataset == set.name).peekable();
        of_set.peek().is_some()
            && of_set.all(|it| (it.n_train, it.n_test) == (set.train.len(), set.test.len()))
    })
}
