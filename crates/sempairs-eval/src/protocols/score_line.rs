//! Files of scores: a run's `scores.jsonl`, and any other that scores are added to.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use sempairs_data::DataError;
use sempairs_internal::write_whole;
use serde::{Deserialize, Serialize};

use crate::{EvalError, Score};

/// A line of a file of scores: a score and of which weights it is. What does not apply is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreLine {
    /// Steps of the run done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The identity of the run that scored itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The identity of that run together with the data it was scored on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The identity of the weights, from [`weights_identity`](crate::weights_identity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// The file that the weights were read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The score.
    pub score: Score,
}

impl From<Score> for ScoreLine {
    /// A score of which nothing else is known.
    fn from(score: Score) -> Self {
        Self { step: None, run: None, identity: None, weights: None, file: None, score }
    }
}

/// Reads a file of scores; empty lines are passed over.
///
/// # Errors
///
/// [`EvalError::File`] with the file's name and the line of the first that is no score,
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

/// Adds lines to the end of a file of scores, which need not be there yet.
///
/// # Errors
///
/// As [`update_scores`].
pub fn append_scores(path: &Path, lines: Vec<ScoreLine>) -> Result<(), EvalError> {
    update_scores(path, |all| all.extend(lines))
}

/// Hands the lines of a file of scores, none if there is no file, to `change` and writes what that makes of
/// them, whole or not at all.
///
/// Whoever changes the file through this function waits its turn, so that a run and an evaluation lose no
/// line of each other (where the system can lock a folder).
///
/// # Errors
///
/// As [`read_scores`], and [`EvalError::Data`] with the file's name if it cannot be written.
pub fn update_scores(
    path: &Path,
    change: impl FnOnce(&mut Vec<ScoreLine>),
) -> Result<(), EvalError> {
    let _turn = turn(path);
    let mut lines = match read_scores(path) {
        Err(EvalError::Data(DataError::Io { error, .. }))
            if error.kind() == ErrorKind::NotFound =>
        {
            Vec::new()
        }
        read => read?,
    };
    change(&mut lines);
    let written = write_whole(path, |out| {
        for line in &lines {
            serde_json::to_writer(&mut *out, line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    });
    written.map_err(|error| DataError::io(path, error).into())
}

/// The lock of the file's folder, held until it is dropped: the file itself is replaced by every change.
fn turn(path: &Path) -> Option<File> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).ok()?;
    folder.lock().ok()?;
    Some(folder)
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
    fn lines_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let lines = lines();
        lines.iter().for_each(|line| append_scores(&path, vec![line.clone()]).unwrap());
        assert_eq!(read_scores(&path).unwrap(), lines);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains("null"), "what does not apply is left out");
        update_scores(&path, |all| drop(all.remove(0))).unwrap();
        assert_eq!(read_scores(&path).unwrap(), lines[1..]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn no_line_is_lost_between_two_that_add() {
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
    fn a_bad_line_is_named_and_stays() {
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
    fn a_folder_that_is_not_there_is_named() {
        let path = Path::new("/no such folder/scores.jsonl");
        let message = append_scores(path, lines()).unwrap_err().to_string();
        assert!(message.contains("no such folder"), "{message}");
    }
}
