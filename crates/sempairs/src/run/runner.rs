//! The environment of runs.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use burn_train::Interrupter;
use sempairs_backbone::BackboneFactory;
use sempairs_data::{PairDataset, PictureSource};
use sempairs_eval::Downstream;
use sempairs_internal::{join_limited, note};
use sempairs_train::{LoaderConfig, Progress};

use super::caches::{BaselineScores, DrawnPairs, UntrainedScores};
use crate::Error;
use crate::experiment::{Arm, Objective, OpenSources, Study};
use crate::signals::stop_on_signals;

/// The environment in which studies are run: folders, device, loader and progress display. None of
/// these settings changes a result on the same device.
#[derive(Clone)]
pub struct Runner {
    /// Folder of all runs.
    pub root: PathBuf,
    /// Device on which networks are trained and scored.
    pub device: Device,
    /// Name of the device in the results.
    pub device_name: String,
    /// Number of worker threads and of prefetched batches of the loader.
    pub loader: LoaderConfig,
    /// How runs show their progress.
    pub progress: Progress,
    /// If true, a run that has collapsed ends with an error instead of continuing.
    pub stop_on_collapse: bool,
    /// Handle that stops a run after its current step, with a checkpoint.
    pub interrupter: Interrupter,
    /// Opened picture sources, shared by the arms and seeds of a study.
    opened: OpenSources,
    /// Pairs that are still in use.
    drawn: DrawnPairs,
    /// Scores of untrained networks, shared by the arms of a study.
    pub(super) untrained: UntrainedScores,
    /// Scores of the baselines, shared by the studies of a grid.
    pub(super) baselines: BaselineScores,
}

impl Runner {
    /// Creates a runner with its folder and device. On a terminal it shows a dashboard, otherwise
    /// plain lines.
    pub fn new(root: impl Into<PathBuf>, device: Device, device_name: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            device,
            device_name: device_name.into(),
            loader: LoaderConfig::default(),
            progress: Progress::Auto,
            stop_on_collapse: false,
            interrupter: Interrupter::new(),
            opened: OpenSources::default(),
            drawn: DrawnPairs::default(),
            untrained: UntrainedScores::default(),
            baselines: BaselineScores::default(),
        }
    }

    /// Makes Ctrl-C, SIGTERM and SIGHUP stop the run after its current step, with a checkpoint to
    /// resume from; see [`stop_on_signals`]. Call it from a program's `main`, since a process has
    /// only one such handler.
    ///
    /// # Errors
    /// [`Error::Signal`] if a handler is already installed.
    pub fn stop_on_signals(&self) -> Result<(), Error> {
        stop_on_signals(&self.interrupter)
    }

    /// Returns the pairs of one arm. The random choice of partners depends on the seed, so that an
    /// interval over seeds includes its variance.
    ///
    /// # Errors
    ///
    /// Any error of opening the pictures or drawing the pairs.
    pub fn pairs<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<Arc<PairDataset>, Error> {
        let key = (&study.pictures, &arm.pairing, arm.per_class, seed);
        let key = serde_json::to_string(&key).expect("plain data");
        self.drawn.of(key, || {
            let source = self.opened.open(&study.pictures, arm.per_class)?;
            Ok(arm.pairing.dataset(source, seed)?)
        })
    }

    /// Opens the data that backbones are scored on: one [`Downstream`] per data set of the study,
    /// in its order.
    ///
    /// # Errors
    ///
    /// Any error of opening the pictures.
    pub fn downstream<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Result<Vec<Downstream>, Error> {
        (0..study.evaluation.len()).map(|index| self.downstream_of(study, index)).collect()
    }

    /// Opens the data of the evaluation with this index alone.
    ///
    /// # Errors
    ///
    /// Any error of opening the pictures.
    ///
    /// # Panics
    ///
    /// If the study has no evaluation with this index.
    pub fn downstream_of<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        index: usize,
    ) -> Result<Downstream, Error> {
        let evaluation = &study.evaluation[index];
        let open = |pictures| self.opened.open(pictures, None);
        let [train, test] = [open(&evaluation.train)?, open(&evaluation.test)?];
        if self.progress != Progress::Quiet {
            warn_missing_classes(&study.name, &study.evaluation.key(index), [&*train, &*test]);
        }
        let pipeline = study.views.evaluation()?;
        let mut downstream = Downstream::new(&evaluation.dataset, train, test, pipeline);
        downstream.protocols = evaluation.protocols.iter().cloned().map(Into::into).collect();
        Ok(downstream)
    }

    /// The errors of opening the pictures of a study, of all its arms and data sets.
    pub(crate) fn data_errors<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
    ) -> Vec<Error> {
        let pairs = study.arms.iter().map(|arm| self.pairs(study, arm, study.seeds[0]).err());
        let sets = (0..study.evaluation.len()).map(|index| self.downstream_of(study, index).err());
        pairs.chain(sets).flatten().collect()
    }

    /// The folder of a study: the study's name, followed by the backend's name unless that is
    /// `flex`. Runs on different backends have separate folders because their numbers differ.
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

    /// Name of the backend: that of the device without its number.
    pub(super) fn backend(&self) -> &str {
        self.device_name.split(':').next().unwrap_or_default()
    }

    /// Prints the study's [warnings](Study::warnings) on standard error.
    pub fn warn<M: Objective, B: BackboneFactory>(&self, study: &Study<M, B>) {
        if self.progress == Progress::Quiet {
            return;
        }
        for warning in study.warnings() {
            note!("warning: {}: {warning}", study.name);
        }
    }

    /// Prints on standard error which settings differ from the study's preset, if it has one.
    pub fn tell_difference<M: Objective, B: BackboneFactory>(&self, study: &Study<M, B>) {
        let (Some(preset), Some(lines)) = (&study.preset, study.difference()) else {
            return;
        };
        if self.progress == Progress::Quiet {
            return;
        }
        match lines.is_empty() {
            true => note!("{}: same settings as preset {preset}", study.name),
            false => note!("{}: settings that differ from preset {preset}:", study.name),
        }
        lines.iter().for_each(|line| note!("  {line}"));
    }

    /// Returns true if a run shows plain lines, so that further lines can be printed between them.
    pub(super) fn is_plain(&self) -> bool {
        self.progress != Progress::Quiet && !self.progress.is_dashboard()
    }

    /// Returns the data with progress bars enabled, for use while no dashboard is shown.
    pub(super) fn with_bars(&self, downstream: &[Downstream]) -> Vec<Downstream> {
        let progress = self.progress != Progress::Quiet;
        downstream.iter().map(|it| Downstream { progress, ..it.clone() }).collect()
    }
}

/// Maximum number of class names in a warning; the others are only counted.
const NAMED: usize = 10;

/// Warns about classes of the training set without a test picture, which do not affect the scores;
/// `key` is that of the evaluation in the experiment file.
fn warn_missing_classes(experiment: &str, key: &str, [train, test]: [&dyn PictureSource; 2]) {
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
            "warning: {experiment}: `{key}.test` has no picture of {} of the {} classes of \
             `{key}.train`: {}",
            missing.len(),
            train.classes().len(),
            join_limited(&missing, ", ", NAMED)
        );
    }
}
