use std::fs;
use std::io::Write;
use std::path::PathBuf;

use sempairs_data::write_whole;
use sempairs_eval::{Downstream, Score};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::comparison::CurvePoint;

/// A line of a run's `scores.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreLine {
    /// Steps done.
    step: usize,
    /// A hash of the run and of the data it was scored on.
    identity: String,
    /// The score then.
    score: Score,
}

/// `scores.jsonl`: what a run scored when, rewritten whole with every addition.
///
/// Lines of another run, of other data, or from beyond the checkpoint that the run goes on from are dropped;
/// those of other protocols stay in the file.
pub(crate) struct ScoreLog {
    path: PathBuf,
    identity: String,
    /// Of protocols that are not asked for now.
    others: Vec<ScoreLine>,
    curve: Vec<CurvePoint>,
}

impl ScoreLog {
    /// The log of a run that goes on after `step` steps.
    pub fn open(
        path: PathBuf,
        identity: String,
        step: usize,
        downstream: &Downstream,
    ) -> Result<Self, Error> {
        let mut lines: Vec<ScoreLine> = Vec::new();
        if path.exists() {
            let text = fs::read_to_string(&path).map_err(|e| Error::io(&path, e))?;
            for (i, line) in text.lines().enumerate() {
                let line: ScoreLine = serde_json::from_str(line).map_err(|e| {
                    Error::experiment(path.display().to_string(), format!("line {}: {e}", i + 1))
                })?;
                lines.push(line);
            }
        }
        lines.retain(|line| line.identity == identity && line.step <= step);
        let views = downstream.views();
        let wanted: Vec<String> =
            downstream.protocols.iter().map(|p| p.hash(&views).to_string()).collect();
        let mut steps: Vec<usize> = lines.iter().map(|line| line.step).collect();
        steps.sort_unstable();
        steps.dedup();
        let mut curve = Vec::new();
        for step in steps {
            let at = |hash: &String| {
                let line = lines.iter().find(|l| l.step == step && l.score.protocol_hash == *hash);
                line.filter(|l| l.score.dataset == downstream.name).map(|l| l.score.clone())
            };
            if let Some(scores) = wanted.iter().map(at).collect() {
                curve.push(CurvePoint { step, scores });
            }
        }
        let others = lines.into_iter().filter(|l| !wanted.contains(&l.score.protocol_hash));
        Ok(Self { path, identity, others: others.collect(), curve })
    }

    /// The scores under all the protocols that are asked for, in rising order of steps.
    pub fn curve(&self) -> &[CurvePoint] {
        &self.curve
    }

    /// Adds the scores of one moment and writes the file.
    pub fn push(&mut self, point: CurvePoint) -> Result<(), Error> {
        self.curve.push(point);
        self.curve.sort_by_key(|point| point.step);
        let ours = self.curve.iter().flat_map(|point| {
            point.scores.iter().map(|score| ScoreLine {
                step: point.step,
                identity: self.identity.clone(),
                score: score.clone(),
            })
        });
        let mut lines: Vec<ScoreLine> = self.others.iter().cloned().chain(ours).collect();
        lines.sort_by_key(|line| line.step);
        write_whole(&self.path, |out| {
            for line in &lines {
                serde_json::to_writer(&mut *out, line)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })
        .map_err(|e| Error::io(&self.path, e))
    }
}
