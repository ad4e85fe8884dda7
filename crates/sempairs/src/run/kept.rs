//! The state of a run, and results that are kept.

use std::fmt;

use sempairs_backbone::BackboneFactory;
use sempairs_eval::{Downstream, read_scores};
use sempairs_internal::join_limited;
use sempairs_train::{Checkpoints, RunDirectory, TrainError};

use super::checkpoint_mismatch::{explained, of_another_run};
use super::prepare::Prepared;
use super::ready::Ready;
use super::record;
use super::runner::Runner;
use super::score_log::ScoreLog;
use crate::Error;
use crate::comparison::{CurvePoint, RunResult};
use crate::experiment::{Arm, Objective};

/// Maximum number of data sets in a message; the others are only counted.
const NAMED: usize = 10;

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
    /// The stored file has other scores: it lacks some that are in `scores.jsonl`, has some that
    /// are not asked for any more, or has them in another order.
    is_stale: bool,
}

impl<M: Objective, B: BackboneFactory> Prepared<'_, M, B> {
    /// Returns true if the features of the run are mapped for the report.
    pub fn is_mapped(&self) -> bool {
        self.study.seeds.first() == Some(&self.seed)
    }

    /// Returns true if the run has finished. Its stored result then has the scores that the study
    /// asks for, in its order.
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
    /// Without a checkpoint, [`Error::File`] for the result of a run with other settings and for
    /// one that lacks scores of the last step, since the run would have to be trained again. With a
    /// checkpoint, that is the one to be judged.
    pub fn kept(&self, downstream: &[Downstream]) -> Result<Option<Kept>, Error> {
        let folder = self.folder();
        let has_checkpoint = Checkpoints::new(folder.join("checkpoint"), "").newest().is_some();
        // A damaged file is written again.
        let identity = record::read_result_identity(&folder).unwrap_or(None);
        let is_unknown = identity.is_none();
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
        let path = folder.join("scores.jsonl");
        let lines = match read_scores(&path) {
            Ok(lines) => lines,
            Err(_) if path.exists() || has_checkpoint => return Ok(None),
            Err(_) => Vec::new(),
        };
        let (evaluations, steps) = (&self.study.evaluation, self.scored_steps());
        let log = ScoreLog::of_lines(path, &self.identity, evaluations, &lines, downstream);
        let mut curve = log.curve();
        curve.retain(|point| steps.contains(&point.step));
        if curve.last().is_none_or(|point| point.step != self.steps()) {
            // Results of earlier versions have no identity, so they may be of another run.
            return match has_checkpoint || is_unknown {
                true => Ok(None),
                false => Err(self.lacking(&log)),
            };
        }
        let wants_invariance = self.study.evaluation.iter().any(|evaluation| {
            let scenes = evaluation.invariance_scenes;
            scenes
                .is_some_and(|count| matches!(evaluation.test.scene_source(count, 1), Ok(Some(_))))
        });
        let is_whole = || {
            (result.invariance.is_some() || !wants_invariance)
                && (folder.join("map.json").exists() || !self.is_mapped())
                && folder.join("backbone.safetensors").exists()
                && self.is_scored(&curve)
        };
        if has_checkpoint && !is_whole() {
            return Ok(None);
        }
        let is_stale = result.curve != curve;
        Ok(Some(Kept { result: RunResult { curve, ..result }, is_stale }))
    }

    /// Returns true if no further step can be scored: each one has its scores, or it is between
    /// step 0 and the checkpoint, so that its weights are gone.
    fn is_scored(&self, curve: &[CurvePoint]) -> bool {
        let mut missing = self.scored_steps();
        missing.retain(|step| curve.iter().all(|point| point.step != *step));
        if missing.is_empty() {
            return true;
        }
        let checkpoint = Checkpoints::new(self.folder().join("checkpoint"), &self.identity).load();
        matches!(checkpoint, Ok(Some(it)) if missing.iter().all(|at| (1..it.step).contains(at)))
    }

    /// The error of a finished run without a checkpoint that lacks scores of its last step.
    fn lacking(&self, log: &ScoreLog) -> Error {
        let (step, folder) = (self.steps(), self.folder());
        let sets = log.missing(step).into_iter().map(|index| {
            let evaluation = &self.study.evaluation[index];
            format!("`{}`", evaluation.dataset)
        });
        let reason = format!(
            "this run is finished, but scores.jsonl has no scores of step {step} under all \
             protocols on {}, and there is no checkpoint to compute them from; restore the \
             protocols and data sets, or put the checkpoint into {}, or delete {} to train the \
             run again",
            join_limited(sets, ", ", NAMED),
            folder.join("checkpoint").display(),
            folder.display()
        );
        Error::file(folder.join("result.json"), reason)
    }
}
