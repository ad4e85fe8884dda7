use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sempairs_internal::write_whole;
use serde::{Deserialize, Serialize};

use crate::{NegativeCounts, TrainError};

/// How far the embeddings are from having collapsed; logged once an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collapse {
    /// Standard deviation of the normalised embeddings over `1 / sqrt(d)`: 1 for directions spread
    /// evenly, 0 for one point; see [`sempairs_eval::analysis::collapse::std_of_l2_normalized`].
    pub deviation: f64,
    /// Effective rank; see [`sempairs_eval::analysis::collapse::effective_rank`].
    pub rank: f64,
}

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricLine {
    /// Steps done.
    pub step: usize,
    /// Passes over the pairs done, with fractions.
    pub epoch: f64,
    /// Mean loss since the line before.
    pub loss: f64,
    /// Of the last step.
    pub learning_rate: f64,
    /// Since the line before.
    pub pairs_per_second: f64,
    /// Share of that time in which the device waited for data.
    pub waiting: f64,
    /// Further numbers of the method, such as the teacher's entropy: their means since the line
    /// before.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub scalars: BTreeMap<String, f64>,
    /// At the end of an epoch: what its anchors were pushed away from, if from anything.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub negatives: Option<NegativeCounts>,
    /// At the end of an epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub collapse: Option<Collapse>,
}

/// `metrics.jsonl`: the lines of a run, rewritten whole whenever a checkpoint is.
///
/// The lines belong to the state of the run: after a resume, lines from steps beyond the checkpoint
/// are gone, so no step stands there twice.
#[derive(Debug)]
pub struct MetricLog {
    path: PathBuf,
    lines: Vec<MetricLine>,
}

impl MetricLog {
    /// The log of a run that has done `step` steps: the lines up to there, of the file if it
    /// exists.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`], also for a line that is no metric line, with its number.
    pub fn open(path: impl Into<PathBuf>, step: usize) -> Result<Self, TrainError> {
        let path = path.into();
        let mut lines = if step > 0 && path.exists() { Self::read(&path)? } else { Vec::new() };
        lines.retain(|line| line.step <= step);
        Ok(Self { path, lines })
    }

    /// The lines of a file.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn read(path: &Path) -> Result<Vec<MetricLine>, TrainError> {
        let text = fs::read_to_string(path).map_err(|e| TrainError::io(path, e))?;
        text.lines()
            .enumerate()
            .map(|(i, line)| {
                serde_json::from_str(line).map_err(|e| {
                    TrainError::io(path, std::io::Error::other(format!("line {}: {e}", i + 1)))
                })
            })
            .collect()
    }

    /// What to say if lines are gone that a run must have had: it has logged its first `logged`
    /// steps, and the file does not reach as far.
    pub fn gap(&self, logged: usize) -> Option<String> {
        let last = self.lines.last().map_or(0, |line| line.step);
        if last >= logged {
            return None;
        }
        let what = match (self.path.exists(), last) {
            (false, _) => "is missing",
            (true, 0) => "has no line",
            (true, _) => "is cut short",
        };
        let (file, first) = (self.path.display(), last + 1);
        Some(format!(
            "warning: {file} {what}: its lines of steps {first} to {logged} are lost, and with them \
             losses, learning rates and signs of collapse of those steps. The checkpoint is whole, so the run goes on; its \
             curves will lack them. If you have a copy of the file, stop now and put it back first."
        ))
    }

    /// Adds a line.
    pub fn push(&mut self, line: MetricLine) {
        self.lines.push(line);
    }

    /// All lines so far.
    pub fn lines(&self) -> &[MetricLine] {
        &self.lines
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`].
    pub fn write(&self) -> Result<(), TrainError> {
        write_whole(&self.path, |out| {
            for line in &self.lines {
                serde_json::to_writer(&mut *out, line)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })
        .map_err(|e| TrainError::io(&self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: usize) -> MetricLine {
        let (scalars, negatives, collapse) = (BTreeMap::new(), None, None);
        let [epoch, loss, learning_rate, pairs_per_second, waiting] = [1.0; 5];
        MetricLine {
            step,
            epoch,
            loss,
            learning_rate,
            pairs_per_second,
            waiting,
            scalars,
            negatives,
            collapse,
        }
    }

    #[test]
    fn lines_that_must_have_been_there_are_missed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let gap = |logged| MetricLog::open(&path, 9).unwrap().gap(logged);
        assert_eq!(gap(0), None, "nothing is logged yet");
        assert!(gap(8).unwrap().contains("metrics.jsonl is missing: its lines of steps 1 to 8"));
        fs::write(&path, "").unwrap();
        assert!(gap(8).unwrap().contains("metrics.jsonl has no line"));
        let mut log = MetricLog::open(&path, 9).unwrap();
        [2, 4].into_iter().for_each(|step| log.push(line(step)));
        log.write().unwrap();
        assert_eq!(gap(4), None);
        assert!(gap(8).unwrap().contains("is cut short: its lines of steps 5 to 8"));
    }
}
