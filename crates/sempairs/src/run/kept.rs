//! The state of a run, and results that are kept.

use std::fmt;

use sempairs_backbone::BackboneFactory;
use sempairs_eval::{Downstream, Score, ScoreLine, in_effect, read_scores};
use sempairs_train::{Checkpoints, RunDirectory, TrainError};

use super::checkpoint_mismatch::{explained, of_another_run};
use super::prepare::Prepared;
use super::ready::Ready;
use super::record;
use super::runner::Runner;
use super::score_log::scored_identity;
use crate::Error;
use crate::comparison::{CurvePoint, RunResult};
use crate::experiment::{Arm, Evaluation, Objective};

/// How far a run of a study is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Its result is complete.
    Finished,
    /// Another process is running it.
    Busy,
    /// It has a checkpoint of this step.
    Begun(usize),
    /// It has not begun.
    ToDo,
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Busy => f.write_str("in progress"),
            Self::Begun(step) => write!(f, "begun at step {step}"),
            Self::ToDo => f.write_str("to do"),
        }
    }
}

impl Runner {
    /// The state of one run of a study. A result or a checkpoint of a run with other settings is an
    /// error.
    pub(crate) fn state<M: Objective, B: BackboneFactory>(
        &self,
        ready: &Ready<M, B>,
        arm: &Arm,
        seed: u64,
    ) -> Result<RunState, Error> {
        let run = self.prepare(&ready.study, arm, seed)?;
        if run.kept(&ready.downstream)?.is_some() {
            return Ok(RunState::Finished);
        }
        let folder = run.folder();
        if RunDirectory::is_busy(&folder) {
            return Ok(RunState::Busy);
        }
        match Checkpoints::new(folder.join("checkpoint"), &run.identity).load() {
            Ok(Some(checkpoint)) => Ok(RunState::Begun(checkpoint.step)),
            Err(error @ TrainError::OtherRun { .. }) => {
                let beside = folder.join("experiment.toml");
                Err(explained(error, &beside, &run.single(), &run.pairs))
            }
            // A checkpoint that cannot be read is the error of its run.
            Ok(None) | Err(_) => Ok(RunState::ToDo),
        }
    }
}

/// The result of a finished run.
pub(super) struct Kept {
    pub result: RunResult,
    /// The stored file lacks scores that are in `scores.jsonl`.
    is_stale: bool,
}

impl<M: Objective, B: BackboneFactory> Prepared<'_, M, B> {
    /// Returns true if the features of the run are mapped for the report.
    pub fn is_mapped(&self) -> bool {
        self.study.seeds.first() == Some(&self.seed)
    }

    /// Returns true if the run has finished. Its stored result then has all scores.
    pub fn keep(&self, downstream: &[Downstream]) -> Result<bool, Error> {
        let Some(Kept { result, is_stale }) = self.kept(downstream)? else { return Ok(false) };
        if is_stale {
            record::write_result(&self.folder(), &self.identity, &result)?;
        }
        Ok(true)
    }

    /// The result of the run if it has finished: by its identity and its scores alone, so that
    /// neither weights nor a checkpoint need to be there. Nothing is written.
    ///
    /// With a checkpoint, a run is not finished as long as anything can be added to its result.
    ///
    /// # Errors
    /// [`Error::File`] for the result of a run with other settings, unless there is a checkpoint,
    /// which is then the one to be judged.
    pub fn kept(&self, downstream: &[Downstream]) -> Result<Option<Kept>, Error> {
        let folder = self.folder();
        let has_checkpoint = Checkpoints::new(folder.join("checkpoint"), "").newest().is_some();
        // A damaged file is written again.
        let identity = record::read_result_identity(&folder).unwrap_or(None);
        if identity.is_some_and(|identity| identity != self.identity) {
            return match has_checkpoint {
                true => Ok(None),
                false => {
                    let (path, beside) =
                        (folder.join("result.json"), folder.join("experiment.toml"));
                    Err(of_another_run("result", path, &beside, &self.single(), &self.pairs))
                }
            };
        }
        let Some(result) = record::read_result(&folder).unwrap_or(None) else { return Ok(None) };
        let Ok(lines) = read_scores(&folder.join("scores.jsonl")) else { return Ok(None) };
        let curve = self.curve(&lines, downstream);
        if curve.last().is_none_or(|point| point.step != self.steps()) {
            return Ok(None);
        }
        let wants_invariance = self.study.evaluation.iter().any(|evaluation| {
            let scenes = evaluation.invariance_scenes;
            scenes
                .is_some_and(|count| matches!(evaluation.test.scene_source(count, 1), Ok(Some(_))))
        });
        let is_whole = curve.len() == self.scored_steps().len()
            && (result.invariance.is_some() || !wants_invariance)
            && (folder.join("map.json").exists() || !self.is_mapped())
            && folder.join("backbone.safetensors").exists();
        if has_checkpoint && !is_whole {
            return Ok(None);
        }
        let is_stale = result.curve != curve;
        Ok(Some(Kept { result: RunResult { curve, ..result }, is_stale }))
    }

    /// The steps that have all requested scores, with these scores in the order of the data sets
    /// and protocols.
    fn curve(&self, lines: &[ScoreLine], downstream: &[Downstream]) -> Vec<CurvePoint> {
        let sets = self.study.evaluation.iter().zip(downstream);
        let wanted: Vec<Wanted> = sets
            .flat_map(|(evaluation, set)| Wanted::of(&self.identity, evaluation, set))
            .collect();
        let at = |step: usize| {
            let scores = wanted.iter().map(|wanted| wanted.score(lines, step));
            Some(CurvePoint { step, scores: scores.collect::<Option<_>>()? })
        };
        self.scored_steps().into_iter().filter_map(at).collect()
    }
}

/// A score that a run must have at every step.
struct Wanted {
    /// Identity of the run and of the data.
    identity: String,
    dataset: String,
    protocol_hash: String,
    n_test: usize,
}

impl Wanted {
    /// The scores of a run on one data set.
    fn of(run: &str, evaluation: &Evaluation, set: &Downstream) -> Vec<Self> {
        let (identity, views) = (scored_identity(run, evaluation), set.views());
        let wanted = |protocol| Self {
            identity: identity.clone(),
            dataset: set.name.clone(),
            protocol_hash: in_effect(protocol, set.train.len()).hash(&views).to_string(),
            n_test: set.test.len(),
        };
        set.protocols.iter().map(wanted).collect()
    }

    fn score(&self, lines: &[ScoreLine], step: usize) -> Option<Score> {
        let is_it = |line: &&ScoreLine| {
            line.step == Some(step)
                && line.identity.as_ref() == Some(&self.identity)
                && line.score.dataset == self.dataset
                && line.score.protocol_hash == self.protocol_hash
                && line.score.n_test == self.n_test
        };
        lines.iter().find(is_it).map(|line| line.score.clone())
    }
}
