use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sempairs_internal::write_atomically;

use super::metric_line::MetricLine;
use crate::TrainError;

/// Metrics of a run, stored in `metrics.jsonl`. The file is rewritten with each checkpoint.
///
/// The lines are part of the state of the run: on resuming, lines of steps after the checkpoint are
/// discarded, so no step occurs twice.
#[derive(Debug)]
pub struct MetricLog {
    path: PathBuf,
    lines: Vec<MetricLine>,
}

impl MetricLog {
    /// Opens the log of a run that has completed `step` steps, keeping the lines of the file up to
    /// that step. A missing file is an empty log.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if the file cannot be read or contains an invalid line; the error names
    /// the line number.
    pub fn open(path: impl Into<PathBuf>, step: usize) -> Result<Self, TrainError> {
        let path = path.into();
        let mut lines = if step > 0 && path.exists() { Self::read(&path)? } else { Vec::new() };
        lines.retain(|line| line.step <= step);
        Ok(Self { path, lines })
    }

    /// Reads all lines of a file.
    ///
    /// # Errors
    ///
    /// See [`open`](Self::open).
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

    /// Returns a warning if lines are missing: the run has logged its first `logged` steps, but the
    /// last line of the file is earlier. `None` if the log is complete.
    pub fn gap(&self, logged: usize) -> Option<String> {
        let last = self.lines.last().map_or(0, |line| line.step);
        if last >= logged {
            return None;
        }
        let what: String = match (self.path.exists(), last) {
            (false, _) => "is missing".into(),
            (true, 0) => format!("has no line of a step up to {logged}"),
            (true, _) => "is truncated".into(),
        };
        let (file, first) = (self.path.display(), last + 1);
        Some(format!(
            "warning: {file} {what}: the lines of steps {first} to {logged} are lost, with the \
             losses, learning rates and collapse measurements of those steps. The checkpoint is \
             valid, so the run continues, but its curves will have a gap. If you have a copy of \
             the file, stop the run now and restore the file first."
        ))
    }

    /// Appends a line.
    pub fn push(&mut self, line: MetricLine) {
        self.lines.push(line);
    }

    /// Lines so far, in the order of their steps.
    pub fn lines(&self) -> &[MetricLine] {
        &self.lines
    }

    /// Writes the whole file.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if the file cannot be written.
    pub fn write(&self) -> Result<(), TrainError> {
        write_atomically(&self.path, |out| {
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
    use std::collections::BTreeMap;

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
            information_bound: None,
            negatives,
            collapse,
        }
    }

    #[test]
    fn missing_lines_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let gap = |logged| MetricLog::open(&path, 9).unwrap().gap(logged);
        assert_eq!(gap(0), None, "nothing is logged yet");
        assert!(gap(8).unwrap().contains("metrics.jsonl is missing: the lines of steps 1 to 8"));
        fs::write(&path, "").unwrap();
        assert!(gap(8).unwrap().contains("metrics.jsonl has no line of a step up to 8"));
        let mut log = MetricLog::open(&path, 9).unwrap();
        [2, 4].into_iter().for_each(|step| log.push(line(step)));
        log.write().unwrap();
        assert_eq!(gap(4), None);
        assert!(gap(8).unwrap().contains("is truncated: the lines of steps 5 to 8"));
    }
}
