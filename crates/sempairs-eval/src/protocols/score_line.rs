//! Files of scores in JSON Lines format, such as a run's `scores.jsonl`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Once;

use sempairs_data::DataError;
use sempairs_internal::{note, write_atomically};
use serde::{Deserialize, Serialize};

use crate::{EvalError, Score};

/// A line of a file of scores: a score and the weights that it belongs to. Fields that are `None`
/// are omitted in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreLine {
    /// Number of training steps of the run before the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Identity of the run that computed the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Identity of that run and the data of the evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Identity of the weights, from [`weights_identity`](crate::weights_identity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// File that the weights were read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The score.
    pub score: Score,
}

impl From<Score> for ScoreLine {
    /// A line with all other fields `None`.
    fn from(score: Score) -> Self {
        Self { step: None, run: None, identity: None, weights: None, file: None, score }
    }
}

/// Reads a file of scores; empty lines are skipped.
///
/// # Errors
///
/// [`EvalError::File`] with the file and the number of the first line that is not a score;
/// [`EvalError::Data`] if the file cannot be read.
pub fn read_scores(path: &Path) -> Result<Vec<ScoreLine>, EvalError> {
    let text = fs::read_to_string(path).map_err(|error| DataError::io(path, error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(index, line)| {
        serde_json::from_str(line)
            .map_err(|error| EvalError::file(path, format!("line {}: {error}", index + 1)))
    };
    lines.map(parse).collect()
}

/// Appends lines to a file of scores, which is created if it does not exist.
///
/// # Errors
///
/// As [`update_scores`].
pub fn append_scores(path: &Path, lines: Vec<ScoreLine>) -> Result<(), EvalError> {
    update_scores(path, |all| all.extend(lines))
}

/// Changes the lines of a file of scores with `change` and writes the file atomically. A file that
/// does not exist has no lines.
///
/// Calls from several processes are serialised by a lock on the folder, so that no line is lost.
/// If the folder cannot be locked, as on Windows and some network file systems, the file is changed
/// all the same, and the first such call of the process prints a warning to standard error.
///
/// # Errors
///
/// As [`read_scores`], and [`EvalError::Data`] with the file if it cannot be written.
pub fn update_scores(
    path: &Path,
    change: impl FnOnce(&mut Vec<ScoreLine>),
) -> Result<(), EvalError> {
    let _lock = lock_folder(path);
    let mut lines = match read_scores(path) {
        Err(EvalError::Data(DataError::Io { error, .. }))
            if error.kind() == ErrorKind::NotFound =>
        {
            Vec::new()
        }
        read => read?,
    };
    change(&mut lines);
    let written = write_atomically(path, |out| {
        for line in &lines {
            serde_json::to_writer(&mut *out, line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    });
    written.map_err(|error| DataError::io(path, error).into())
}

/// Locks the folder of a file until the result is dropped; `None`, with a warning, if that is not
/// possible. A lock on the file itself would not work, because every change replaces the file.
fn lock_folder(path: &Path) -> Option<File> {
    static WARNED: Once = Once::new();
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    match File::open(folder).and_then(|file| file.lock().map(|()| file)) {
        Ok(locked) => Some(locked),
        // The file cannot be written to a missing folder, which is an error of its own.
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            WARNED.call_once(|| {
                note!(
                    "warning: {}: this folder cannot be locked ({error}), so scores may be lost if \
                     a second process writes to {} at the same time",
                    folder.display(),
                    path.display()
                );
            });
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clouds;
    use crate::{EvaluationProtocol as _, Protocol};

    fn lines() -> Vec<ScoreLine> {
        let (train, test) = (clouds(60, 4, 3, 0.5, 1), clouds(30, 4, 3, 0.5, 2));
        let score = |name: &str| {
            let protocol: Protocol = name.parse().unwrap();
            protocol.score("clouds", "none", &train, &test).unwrap()
        };
        let text = |text: &str| Some(text.to_owned());
        vec![
            ScoreLine {
                step: Some(3),
                run: text("one"),
                identity: text("two"),
                weights: text("three"),
                ..score("probe").into()
            },
            ScoreLine { weights: text("four"), file: text("a.pth"), ..score("knn").into() },
        ]
    }

    #[test]
    fn lines_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let lines = lines();
        lines.iter().for_each(|line| append_scores(&path, vec![line.clone()]).unwrap());
        assert_eq!(read_scores(&path).unwrap(), lines);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains("null"), "fields without a value are omitted");
        update_scores(&path, |all| drop(all.remove(0))).unwrap();
        assert_eq!(read_scores(&path).unwrap(), lines[1..]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no part file is left");
    }

    #[test]
    fn no_line_is_lost_by_concurrent_appends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let line = &lines()[1];
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..8).for_each(|_| append_scores(&path, vec![line.clone()]).unwrap())
                });
            }
        });
        assert_eq!(read_scores(&path).unwrap().len(), 32);
    }

    #[test]
    fn an_invalid_line_is_an_error_with_its_number_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let bad = "\n{\"protocol\": 3}\n";
        fs::write(&path, bad).unwrap();
        for error in [read_scores(&path).unwrap_err(), append_scores(&path, lines()).unwrap_err()] {
            let message = error.to_string();
            assert!(message.contains("scores.jsonl") && message.contains("line 2"), "{message}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), bad);
    }

    #[test]
    fn an_error_names_a_missing_folder() {
        let path = Path::new("/no such folder/scores.jsonl");
        let message = append_scores(path, lines()).unwrap_err().to_string();
        assert!(message.contains("no such folder"), "{message}");
    }
}
