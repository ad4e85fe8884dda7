//! Runs experiments: one arm with one seed, or all of them side by side.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use burn_train::Interrupter;
use sempairs_backbone::{Backbone, ResNet, weights};
use sempairs_data::{PairDataset, PictureSource, write_whole};
use sempairs_eval::embed2d::tsne;
use sempairs_eval::invariance::{InvarianceReport, invariance};
use sempairs_eval::{
    Downstream, EvalError, Evaluate, Features, ProgressBar, Protocol, Score, colour_histogram,
    raw_pixels,
};
use sempairs_objective::{Clock, Method, SimClr};
use sempairs_train::{Display, LoaderConfig, MetricLine, RunDirectory, Trainer};
use serde::{Deserialize, Serialize};

use crate::comparison::{ArmResult, Comparison, CurvePoint, Map, RunResult};
use crate::examples::examples;
use crate::experiment::{Arm, Experiment, MethodConfig};
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
    pub display: Display,
    /// Stops a run, which then writes a checkpoint.
    pub interrupter: Interrupter,
}

/// Pictures on the map of embeddings; more make a blot, and t-SNE's cost grows with their square.
const MAP_PICTURES: usize = 600;

/// A finished run.
pub struct Finished {
    /// The backbone, in evaluation mode.
    pub backbone: ResNet,
    /// What it scored.
    pub result: RunResult,
}

/// Where a comparison was written.
pub struct ComparisonFiles {
    /// All numbers.
    pub json: PathBuf,
    /// The page.
    pub report: PathBuf,
}

/// A line of a run's `scores.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreLine {
    /// Steps done.
    pub step: usize,
    /// The score then.
    pub score: Score,
}

impl Runner {
    /// A runner in `root` on `device`, which shows its progress as plain lines or a dashboard.
    pub fn new(root: impl Into<PathBuf>, device: Device, device_name: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            device,
            device_name: device_name.into(),
            loader: LoaderConfig::default(),
            display: Display::Auto,
            interrupter: Interrupter::new(),
        }
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
        let source = experiment.pictures.open(arm.per_class)?;
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
        let [train, test] = [evaluation.train.open(None)?, evaluation.test.open(None)?];
        let pipeline = experiment.views.evaluation()?;
        let mut downstream = Downstream::new(&evaluation.dataset, train, test, pipeline);
        downstream.protocols = evaluation.protocols.clone();
        Ok(downstream)
    }

    /// The steps of a run of an experiment.
    ///
    /// # Errors
    ///
    /// Whatever opening the first arm's pictures meets, where the experiment counts in epochs.
    pub fn steps(&self, experiment: &Experiment) -> Result<usize, Error> {
        match (experiment.training.steps, experiment.training.epochs) {
            (Some(steps), _) => Ok(steps),
            (None, epochs) => {
                let pairs = self.pairs(experiment, &experiment.arms[0], experiment.seeds[0])?;
                Ok(epochs.unwrap_or(1) * (pairs.len() / experiment.training.batch))
            }
        }
    }

    /// The folder of one run.
    pub fn run_folder(&self, experiment: &Experiment, arm: &Arm, seed: u64) -> PathBuf {
        self.root.join(&experiment.name).join(format!("{}-seed{seed}", arm.name))
    }

    /// Pre-trains one arm with one seed, from its last checkpoint if there is one, and scores it.
    ///
    /// # Errors
    ///
    /// Any [`Error`]; [`Error::Interrupted`] if it was stopped.
    pub fn pretrain(
        &self,
        experiment: &Experiment,
        arm: &Arm,
        seed: u64,
        downstream: &Downstream,
        untrained: &mut HashMap<u64, Vec<Score>>,
    ) -> Result<Finished, Error> {
        let dataset = Arc::new(self.pairs(experiment, arm, seed)?);
        let steps = self.steps(experiment)?;
        let directory = RunDirectory::create(self.run_folder(experiment, arm, seed))?;
        let only = Experiment { arms: vec![arm.clone()], seeds: vec![seed], ..experiment.clone() };
        directory.write(&directory.experiment(), only.to_toml().as_bytes())?;

        let MethodConfig::SimClr(simclr) = &experiment.method;
        let method =
            simclr.init(experiment.backbone.init_seeded(&self.device, seed), seed, &self.device);
        let trainer = Trainer {
            config: experiment.train_config(seed, steps, &self.loader),
            dataset,
            pipelines: experiment.views.pipelines()?,
            device: self.device.clone(),
            identity: experiment.run_identity(arm, seed).to_string(),
            display: self.display,
            label: format!("{} {} seed {seed}", experiment.name, arm.name),
            observe: observed(steps, experiment.evaluation.every),
            interrupter: self.interrupter.clone(),
            directory: directory.clone(),
        };
        let mut curve = read_curve(&directory.scores(), downstream)?;
        let outcome = trainer.run(method, |method: &SimClr<ResNet>, clock: Clock| {
            if curve.iter().any(|point| point.step == clock.step) {
                return Ok(());
            }
            let scores = match untrained.get(&seed).filter(|_| clock.step == 0) {
                Some(scores) => scores.clone(),
                None => downstream.run(method.backbone(), &self.device)?,
            };
            if clock.step == 0 {
                untrained.insert(seed, scores.clone());
            }
            curve.push(CurvePoint { step: clock.step, scores });
            curve.sort_by_key(|point| point.step);
            write_curve(&directory.scores(), &curve)?;
            Ok(())
        })?;
        let backbone = outcome.method.backbone().clone();
        if outcome.interrupted {
            return Err(Error::Interrupted { step: outcome.clock.step });
        }
        weights::save(&backbone, &directory.backbone())?;
        curve.retain(|point| trainer.observe.contains(&point.step));
        let invariance = self.invariance(experiment, &backbone, downstream)?;
        let result = RunResult {
            seed,
            loss: outcome.metrics.iter().map(|line| (line.step, line.loss)).collect(),
            curve,
            invariance,
            collapse: outcome.metrics.iter().rev().find_map(|line| line.collapse),
            pairs_per_second: median_pace(&outcome.metrics),
        };
        Ok(Finished { backbone, result })
    }

    fn invariance(
        &self,
        experiment: &Experiment,
        backbone: &ResNet,
        downstream: &Downstream,
    ) -> Result<Option<InvarianceReport>, Error> {
        let Some(per_class) = experiment.evaluation.invariance_scenes else { return Ok(None) };
        // Scenes of their own, which the probe was neither fitted nor scored on.
        let Some(scenes) = experiment.evaluation.test.scenes(per_class, 1)? else {
            return Ok(None);
        };
        let (pipeline, bar) = (&downstream.pipeline, ProgressBar::hidden());
        let report = invariance(backbone, &scenes, pipeline, &self.device, downstream.batch, &bar)?;
        Ok(Some(report))
    }

    /// Writes a comparison beside its runs: `comparison.json`, and `report.html` with some pairs of every arm
    /// as pictures.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and whatever opening the pictures meets.
    pub fn write_comparison(
        &self,
        experiment: &Experiment,
        comparison: &Comparison,
    ) -> Result<ComparisonFiles, Error> {
        use std::io::Write;
        let folder = self.root.join(&experiment.name);
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
        let examples = examples(self, experiment)?;
        let files = ComparisonFiles {
            json: folder.join("comparison.json"),
            report: folder.join("report.html"),
        };
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
        let downstream = self.downstream(experiment)?;
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
        // Seed by seed, so that a comparison that is cut off has whole seeds to show.
        for seed in &experiment.seeds {
            for (arm, result) in experiment.arms.iter().zip(&mut arms) {
                let run = self.pretrain(experiment, arm, *seed, &downstream, &mut untrained)?;
                if result.map.is_none() {
                    result.map = Some(self.map(&run.backbone, &downstream)?);
                }
                result.runs.push(run.result);
            }
        }
        let mut comparison = Comparison {
            name: experiment.name.clone(),
            identity: experiment.identity().to_string(),
            experiment: experiment.to_toml(),
            device: self.device_name.clone(),
            classes: downstream.test.classes().len(),
            baselines: baselines(&downstream)?,
            arms,
            differences: Vec::new(),
        };
        comparison.differences = comparison.compare_with(&experiment.arms[0].name);
        Ok(comparison)
    }

    fn map<B: Backbone>(&self, backbone: &B, downstream: &Downstream) -> Result<Map, Error> {
        let [_, test] = downstream.features(backbone, &self.device)?;
        // Every so many-th picture: sources often have their classes one after the other.
        let step = test.len().div_ceil(MAP_PICTURES).max(1);
        let chosen: Vec<usize> = (0..test.len()).step_by(step).collect();
        let values: Vec<f32> = chosen.iter().flat_map(|&i| test.row(i).to_vec()).collect();
        Ok(Map {
            points: tsne(&values, test.dim, 0),
            labels: chosen.iter().map(|&i| test.labels[i]).collect(),
            classes: test.classes,
        })
    }
}

/// The steps at which a run is scored: the start, every so many, and the end.
fn observed(steps: usize, every: Option<usize>) -> Vec<usize> {
    let mut observed: Vec<usize> = match every {
        Some(every) => (0..steps).step_by(every).collect(),
        None => vec![0],
    };
    observed.push(steps);
    observed
}

fn pictures(pairs: &PairDataset) -> usize {
    let mut seen = vec![false; pairs.source().len()];
    for pair in pairs.pairs() {
        (seen[pair.left], seen[pair.right]) = (true, true);
    }
    seen.into_iter().filter(|seen| *seen).count()
}

/// What needs no network: weighted k-NN on pixels and on colours. Source of the settings: the sizes are
/// those at which such baselines are usually given, 32 pixels a side and 8 bins a channel.
fn baselines(downstream: &Downstream) -> Result<Vec<Score>, Error> {
    type Describe = fn(&dyn PictureSource) -> Result<Features, EvalError>;
    let knn: Protocol = "knn".parse()?;
    let describe: [(&str, Describe); 2] = [
        ("raw pixels 32x32", |source| raw_pixels(source, 32)),
        ("colour histogram 8x8x8", |source| colour_histogram(source, 8)),
    ];
    describe
        .into_iter()
        .map(|(name, describe)| {
            let [train, test] = [describe(&*downstream.train)?, describe(&*downstream.test)?];
            Ok(knn.score(&downstream.name, name, &train, &test)?)
        })
        .collect()
}

fn read_curve(path: &Path, downstream: &Downstream) -> Result<Vec<CurvePoint>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    let mut curve: Vec<CurvePoint> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line: ScoreLine = serde_json::from_str(line).map_err(|e| {
            Error::experiment(path.display().to_string(), format!("line {}: {e}", i + 1))
        })?;
        match curve.last_mut().filter(|point| point.step == line.step) {
            Some(point) => point.scores.push(line.score),
            None => curve.push(CurvePoint { step: line.step, scores: vec![line.score] }),
        }
    }
    // Scores of other protocols, data or views are made anew.
    let views = downstream.views();
    let wanted: Vec<String> =
        downstream.protocols.iter().map(|p| p.hash(&views).to_string()).collect();
    curve.retain(|point| {
        let right = |s: &Score| s.dataset == downstream.name;
        point.scores.iter().map(|s| &s.protocol_hash).eq(&wanted) && point.scores.iter().all(right)
    });
    Ok(curve)
}

fn write_curve(path: &Path, curve: &[CurvePoint]) -> Result<(), Error> {
    use std::io::Write;
    write_whole(path, |out| {
        for point in curve {
            for score in &point.scores {
                let line = ScoreLine { step: point.step, score: score.clone() };
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    })
    .map_err(|e| Error::io(path, e))
}

fn median_pace(lines: &[MetricLine]) -> f64 {
    let mut pace: Vec<f64> = lines.iter().map(|line| line.pairs_per_second).collect();
    pace.sort_by(f64::total_cmp);
    pace.get(pace.len() / 2).copied().unwrap_or(0.0)
}
