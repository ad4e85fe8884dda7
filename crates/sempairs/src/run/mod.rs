//! Runs studies: one arm with one seed, or all of them side by side.
//!
//! A run is prepared (pairs, checks, identity), trained, scored, and what it found is stored in its
//! folder; [`summarise`] makes a [`Comparison`] of such folders, without pictures or weights.

mod examples;
mod measure;
mod other_run;
mod prepare;
mod record;
mod score_log;
mod summarise;
mod train;

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use burn::tensor::Device;
use burn_train::Interrupter;
use sempairs_backbone::{AnyBackbone, BackboneFactory};
use sempairs_data::{PairDataset, PictureSource};
use sempairs_eval::Downstream;
use sempairs_internal::{note, summed_up};
use sempairs_train::{LoaderConfig, Progress};

use self::measure::{UntrainedScores, map};
use self::prepare::DrawnPairs;
use self::record::{ArmRecord, StudyRecord};
pub use self::summarise::{ComparisonFiles, Summary, summarise};
use crate::Error;
use crate::comparison::{Comparison, RunResult};
use crate::experiment::{Arm, Objective, Opened};
use crate::signals::stop_on_signals;
use crate::study::Study;

/// How experiments are run; nothing here changes a result (on one device).
#[derive(Clone)]
pub struct Runner {
    /// The folder of all runs.
    pub root: PathBuf,
    /// Where networks live.
    pub device: Device,
    /// What to call that in the results.
    pub device_name: String,
    /// Workers and memory of the loader.
    pub loader: LoaderConfig,
    /// Where runs show how far they are.
    pub progress: Progress,
    /// Whether a run that has collapsed ends with an error instead of going on.
    pub stop_on_collapse: bool,
    /// Stops a run, which then writes a checkpoint.
    pub interrupter: Interrupter,
    /// What is open already: the arms and seeds of a study read the same pictures.
    opened: Opened,
    /// The pairs that somebody still holds.
    drawn: DrawnPairs,
    /// The scores of untrained networks, which the arms of a study share.
    untrained: UntrainedScores,
}

/// A finished run.
pub struct Finished<B = AnyBackbone> {
    /// The backbone, in evaluation mode.
    pub backbone: B,
    /// Its scores and what was logged.
    pub result: RunResult,
}

impl Runner {
    /// A runner in `root` on `device`, which shows its progress as plain lines or a dashboard.
    pub fn new(root: impl Into<PathBuf>, device: Device, device_name: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            device,
            device_name: device_name.into(),
            loader: LoaderConfig::default(),
            progress: Progress::Auto,
            stop_on_collapse: false,
            interrupter: Interrupter::new(),
            opened: Opened::default(),
            drawn: DrawnPairs::default(),
            untrained: UntrainedScores::default(),
        }
    }

    /// Makes Ctrl-C, SIGTERM and SIGHUP stop the run after its current step, with a checkpoint to
    /// go on from; see [`stop_on_signals`]. For programs' `main`: a process has one such handler.
    ///
    /// # Errors
    ///
    /// [`Error::Signal`] if there is one already.
    pub fn stop_on_signals(&self) -> Result<(), Error> {
        stop_on_signals(&self.interrupter)
    }

    /// The data that backbones are scored on.
    ///
    /// # Errors
    ///
    /// Whatever opening the pictures meets.
    pub fn downstream<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Result<Downstream, Error> {
        let evaluation = &study.evaluation;
        let open = |pictures| self.opened.open(pictures, None);
        let [train, test] = [open(&evaluation.train)?, open(&evaluation.test)?];
        if self.progress != Progress::Quiet {
            tell_missing(&study.name, &*train, &*test);
        }
        let pipeline = study.views.evaluation()?;
        let mut downstream = Downstream::new(&evaluation.dataset, train, test, pipeline);
        downstream.protocols = evaluation.protocols.iter().cloned().map(Into::into).collect();
        Ok(downstream)
    }

    /// The folder of an experiment: its name, with the backend's unless that is `flex`, since runs
    /// on different backends are different runs.
    pub fn folder<M: Objective, B: BackboneFactory>(&self, study: &Study<M, B>) -> PathBuf {
        self.root.join(match self.backend() {
            "flex" => study.name.clone(),
            other => format!("{}-{other}", study.name),
        })
    }

    /// The folder of one run.
    pub fn run_folder<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> PathBuf {
        self.folder(study).join(format!("{}-seed{seed}", arm.name))
    }

    fn backend(&self) -> &str {
        self.device_name.split(':').next().unwrap_or_default()
    }

    /// Says on standard error what is probably not meant in an study.
    pub fn warn<M: Objective, B: BackboneFactory>(&self, study: &Study<M, B>) {
        if self.progress == Progress::Quiet {
            return;
        }
        for warning in study.warnings() {
            note!("warning: {}: {warning}", study.name);
        }
    }

    /// Says on standard error where an experiment departs from its preset, if it has one.
    pub fn tell_difference<M: Objective, B: BackboneFactory>(&self, study: &Study<M, B>) {
        let (Some(preset), Some(lines)) = (&study.preset, study.difference()) else {
            return;
        };
        if self.progress == Progress::Quiet {
            return;
        }
        match lines.is_empty() {
            true => note!("{}: as preset {preset}", study.name),
            false => note!("{}: as preset {preset}, but", study.name),
        }
        lines.iter().for_each(|line| note!("  {line}"));
    }

    /// Whether a run shows plain lines, between which there is room for others, and no dashboard.
    fn is_plain(&self) -> bool {
        self.progress != Progress::Quiet && !self.progress.is_dashboard()
    }

    /// The data with bars for what takes a while, where no run has the terminal.
    fn with_bars(&self, downstream: &Downstream) -> Downstream {
        Downstream { progress: self.progress != Progress::Quiet, ..downstream.clone() }
    }

    /// Runs every arm with every seed and compares them. What was finished before is not run again,
    /// and what was begun goes on.
    ///
    /// What is found is stored in the study's folder as it is found; [`summarise`] reads it back.
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
        // Held to the end, so that they are drawn once.
        let first = |arm| self.pairs(study, arm, study.seeds[0]);
        let pairs = study.arms.iter().map(first).collect::<Result<Vec<_>, Error>>()?;
        let study = &self.in_steps(study)?;
        let downstream = self.with_bars(&self.downstream(study)?);
        let folder = self.folder(study);
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let mut record = StudyRecord {
            name: study.name.clone(),
            identity: study.identity().to_string(),
            experiment: study.to_toml(),
            device: self.device_name.clone(),
            classes: downstream.train.classes().len(),
            baselines: Vec::new(),
            arms: study
                .arms
                .iter()
                .zip(&pairs)
                .map(|(arm, pairs)| ArmRecord {
                    arm: arm.clone(),
                    pairs: pairs.len(),
                    pictures: pictures(pairs),
                })
                .collect(),
            seeds: study.seeds.clone(),
        };
        record.write(&folder)?;
        // Seed by seed, so that one that is cut off can be had for its whole seeds (`--set
        // seeds=...`).
        for seed in &study.seeds {
            for arm in &study.arms {
                let run = self.pretrain(study, arm, *seed, &downstream)?;
                if seed == &study.seeds[0] {
                    let map = map(&run.backbone, &downstream, &self.device)?;
                    record::write_map(&self.run_folder(study, arm, *seed), &map)?;
                }
            }
        }
        record.baselines = downstream.baselines()?;
        record.write(&folder)?;
        Ok(summarise(&folder)?.comparison)
    }
}

/// Classes that a note names before it only counts the rest.
const NAMED: usize = 10;

/// Says on standard error which of the training set's classes have no test picture: a score counts
/// the others alone.
fn tell_missing(experiment: &str, train: &dyn PictureSource, test: &dyn PictureSource) {
    let tested: HashSet<&str> = (0..test.len())
        .filter_map(|index| test.classes().get(test.class(index)?))
        .map(String::as_str)
        .collect();
    let missing: Vec<String> = train
        .classes()
        .iter()
        .filter(|class| !tested.contains(class.as_str()))
        .map(|class| format!("`{class}`"))
        .collect();
    if !missing.is_empty() {
        note!(
            "warning: {experiment}: `evaluation.test` has no picture of {} of the {} classes of `evaluation.train`: {}",
            missing.len(),
            train.classes().len(),
            summed_up(&missing, ", ", NAMED)
        );
    }
}

fn pictures(pairs: &PairDataset) -> usize {
    let mut seen = vec![false; pairs.source().len()];
    for pair in pairs.pairs() {
        (seen[pair.left], seen[pair.right]) = (true, true);
    }
    seen.into_iter().filter(|seen| *seen).count()
}
