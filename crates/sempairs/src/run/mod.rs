//! Runs experiments: one arm with one seed, or all of them side by side.

mod other_run;
mod pretrain;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use burn::tensor::Device;
use burn_train::Interrupter;
use sempairs_backbone::AnyBackbone;
use sempairs_data::{PairDataset, PictureSource};
use sempairs_eval::{Downstream, Identity};
use sempairs_internal::{note, summed_up, write_whole};
use sempairs_train::limits::STEPS;
use sempairs_train::{LoaderConfig, Progress};

use crate::comparison::{ArmResult, Comparison, RunResult};
use crate::context::map;
use crate::examples::examples;
use crate::experiment::{Arm, Experiment, Opened};
use crate::signals::stop_on_signals;
use crate::{Error, report};

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
    /// What is open already: the arms and seeds of an experiment read the same pictures.
    opened: Opened,
}

/// A finished run.
pub struct Finished {
    /// The backbone, in evaluation mode.
    pub backbone: AnyBackbone,
    /// What it scored.
    pub result: RunResult,
}

/// Where a comparison was written.
pub struct ComparisonFiles {
    /// The table as it is printed.
    pub table: PathBuf,
    /// All numbers.
    pub json: PathBuf,
    /// The page.
    pub report: PathBuf,
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

    /// The pairs of one arm. The draw of partners depends on the seed too, so that an interval over seeds
    /// covers it.
    ///
    /// # Errors
    ///
    /// Whatever opening the pictures or pairing them meets.
    pub fn pairs(
        &self,
        experiment: &Experiment,
        arm: &Arm,
        seed: u64,
    ) -> Result<PairDataset, Error> {
        let source = self.opened.open(&experiment.pictures, arm.per_class)?;
        let pairs = arm.pairing.pairs(&*source, seed)?;
        Ok(PairDataset::new(source, pairs))
    }

    /// The data that backbones are scored on.
    ///
    /// # Errors
    ///
    /// Whatever opening the pictures meets.
    pub fn downstream(&self, experiment: &Experiment) -> Result<Downstream, Error> {
        let evaluation = &experiment.evaluation;
        let open = |pictures| self.opened.open(pictures, None);
        let [train, test] = [open(&evaluation.train)?, open(&evaluation.test)?];
        if self.progress != Progress::Quiet {
            tell_missing(&experiment.name, &*train, &*test);
        }
        let pipeline = experiment.views.evaluation()?;
        let mut downstream = Downstream::new(&evaluation.dataset, train, test, pipeline);
        downstream.protocols = evaluation.protocols.iter().cloned().map(Into::into).collect();
        Ok(downstream)
    }

    /// The experiment with its length and its warm-up in steps: those of the first arm, so that every arm, however
    /// many pairs it has, takes the same steps at the same learning rates.
    ///
    /// # Errors
    ///
    /// Whatever opening the first arm's pictures meets, and [`Error::Experiment`] if they do not fill a batch.
    pub fn in_steps(&self, experiment: &Experiment) -> Result<Experiment, Error> {
        let mut experiment = experiment.clone();
        let training = &mut experiment.training;
        if training.epochs.is_none() && training.learning_rate.warmup_epochs == 0.0 {
            return Ok(experiment);
        }
        let pairs = self.pairs(&experiment, &experiment.arms[0], experiment.seeds[0])?.len();
        let training = &mut experiment.training;
        let per_epoch = pairs / training.batch;
        if per_epoch == 0 {
            return Err(too_few(&experiment, &experiment.arms[0], pairs));
        }
        if let Some(epochs) = training.epochs.take() {
            let steps = epochs.saturating_mul(per_epoch);
            if !STEPS.contains(&steps) {
                let most = STEPS.end();
                let reason = format!(
                    "`training.epochs`: is {epochs}, which makes {steps} steps, over {most}"
                );
                return Err(Error::experiment(format!("experiment `{}`", experiment.name), reason));
            }
            training.steps = Some(steps);
        }
        let rate = &mut training.learning_rate;
        if rate.warmup_epochs > 0.0 {
            // More than there can be steps of is never over.
            let steps = (rate.warmup_epochs * per_epoch as f64).round() as usize;
            rate.warmup_steps = Some(steps.min(*STEPS.end()));
            rate.warmup_epochs = 0.0;
        }
        // A length in steps can be too long for what is asked for by steps.
        experiment.check(&format!("experiment `{}`", experiment.name))?;
        Ok(experiment)
    }

    /// The folder of an experiment: its name, with the backend's unless that is `flex`, since runs on different
    /// backends are different runs.
    pub fn folder(&self, experiment: &Experiment) -> PathBuf {
        self.root.join(match self.backend() {
            "flex" => experiment.name.clone(),
            other => format!("{}-{other}", experiment.name),
        })
    }

    /// The folder of one run.
    pub fn run_folder(&self, experiment: &Experiment, arm: &Arm, seed: u64) -> PathBuf {
        self.folder(experiment).join(format!("{}-seed{seed}", arm.name))
    }

    fn backend(&self) -> &str {
        self.device_name.split(':').next().unwrap_or_default()
    }

    /// A hash of all that a run's weights depend on: what the experiment says, the backend, and which pictures
    /// make which pairs.
    fn identity(
        &self,
        experiment: &Experiment,
        arm: &Arm,
        seed: u64,
        pairs: &PairDataset,
    ) -> Identity {
        let told = experiment.run_identity(arm, seed).to_string();
        let mut identity =
            Identity::new().and_field(told.as_bytes()).and_field(self.backend().as_bytes());
        for index in 0..pairs.source().len() {
            identity = identity.and_field(pairs.source().name(index).as_bytes());
        }
        for pair in pairs.pairs() {
            identity = identity.and(&pair.left.to_le_bytes()).and(&pair.right.to_le_bytes());
        }
        identity
    }

    /// Says on standard error what is probably not meant in an experiment.
    pub fn warn(&self, experiment: &Experiment) {
        if self.progress == Progress::Quiet {
            return;
        }
        for warning in experiment.warnings() {
            note!("warning: {}: {warning}", experiment.name);
        }
    }

    /// Says on standard error where an experiment departs from its preset, if it has one.
    pub fn tell_difference(&self, experiment: &Experiment) {
        let (Some(preset), Some(lines)) = (&experiment.preset, experiment.difference()) else {
            return;
        };
        if self.progress == Progress::Quiet {
            return;
        }
        match lines.is_empty() {
            true => note!("{}: as preset {preset}", experiment.name),
            false => note!("{}: as preset {preset}, but", experiment.name),
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

    /// Writes a comparison beside its runs: `table.txt`, `comparison.json`, and `report.html` with some
    /// pairs of every arm as pictures.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and whatever opening the pictures meets.
    pub fn write_comparison(
        &self,
        experiment: &Experiment,
        comparison: &Comparison,
    ) -> Result<ComparisonFiles, Error> {
        let folder = self.folder(experiment);
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let examples = examples(self, experiment)?;
        let files = ComparisonFiles {
            table: folder.join("table.txt"),
            json: folder.join("comparison.json"),
            report: folder.join("report.html"),
        };
        write_whole(&files.table, |out| writeln!(out, "{comparison}"))
            .map_err(|e| Error::io(&files.table, e))?;
        write_whole(&files.json, |out| Ok(serde_json::to_writer_pretty(out, comparison)?))
            .map_err(|e| Error::io(&files.json, e))?;
        let page = report::html(comparison, &examples);
        write_whole(&files.report, |out| out.write_all(page.as_bytes()))
            .map_err(|e| Error::io(&files.report, e))?;
        Ok(files)
    }

    /// Runs every arm with every seed and compares them. What was finished before is not run again, and what
    /// was begun goes on.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    pub fn compare(&self, experiment: &Experiment) -> Result<Comparison, Error> {
        experiment.check(&experiment.name)?;
        self.warn(experiment);
        self.tell_difference(experiment);
        let experiment = &self.in_steps(experiment)?;
        let downstream = self.with_bars(&self.downstream(experiment)?);
        let mut untrained = HashMap::new();
        let mut arms: Vec<ArmResult> = Vec::new();
        for arm in &experiment.arms {
            let pairs = self.pairs(experiment, arm, experiment.seeds[0])?;
            arms.push(ArmResult {
                arm: arm.clone(),
                pairs: pairs.len(),
                pictures: pictures(&pairs),
                runs: Vec::new(),
                map: None,
            });
        }
        // Seed by seed, so that one that is cut off can be had for its whole seeds (`--set seeds=...`).
        for seed in &experiment.seeds {
            for (arm, result) in experiment.arms.iter().zip(&mut arms) {
                let run = self.pretrain(experiment, arm, *seed, &downstream, &mut untrained)?;
                if result.map.is_none() {
                    result.map = Some(map(&run.backbone, &downstream, &self.device)?);
                }
                result.runs.push(run.result);
            }
        }
        let mut comparison = Comparison {
            name: experiment.name.clone(),
            identity: experiment.identity().to_string(),
            experiment: experiment.to_toml(),
            device: self.device_name.clone(),
            classes: downstream.train.classes().len(),
            baselines: downstream.baselines()?,
            arms,
            differences: Vec::new(),
        };
        comparison.differences = comparison.compare_with(&experiment.arms[0].name);
        Ok(comparison)
    }
}

/// Classes that a note names before it only counts the rest.
const NAMED: usize = 10;

/// Says on standard error which of the training set's classes have no test picture: a score counts the others
/// alone.
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

/// The error of an arm that does not fill a batch.
fn too_few(experiment: &Experiment, arm: &Arm, pairs: usize) -> Error {
    let [name, batch] = [&experiment.name, &experiment.training.batch.to_string()];
    let reason = format!("`training.batch`: is {batch}, but arm `{}` has {pairs} pairs", arm.name);
    Error::experiment(format!("experiment `{name}`"), reason)
}
