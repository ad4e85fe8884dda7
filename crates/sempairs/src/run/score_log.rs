use std::path::PathBuf;
use std::sync::Arc;

use sempairs_eval::{
    Downstream, EvaluationProtocol, Identity, Score, ScoreLine, in_effect, read_scores,
    update_scores,
};
use sempairs_internal::note;

use crate::Error;
use crate::comparison::CurvePoint;
use crate::experiment::Evaluation;

/// The scores of a run over time on every data set, stored in its `scores.jsonl`.
///
/// The file may contain further lines: scores of this run under other protocols or on other data,
/// and lines added by `sempairs evaluate`. These are kept unchanged.
pub(super) struct ScoreLog {
    path: PathBuf,
    run: String,
    /// One per data set of the study, in its order.
    sets: Vec<SetScores>,
}

/// The scores on one data set.
struct SetScores {
    /// Identity of the run and of these data.
    identity: String,
    /// The scores under all requested protocols, sorted by step.
    curve: Vec<CurvePoint>,
}

impl ScoreLog {
    /// Opens the log of the run with the identity `run`, which continues after `step` steps.
    /// `evaluations` and `downstream` are the data sets in the same order.
    ///
    /// Lines of another run and lines of this run beyond that step, which will be scored again, are
    /// removed; their number is printed on standard error.
    pub fn open(
        path: PathBuf,
        run: &str,
        evaluations: &[Evaluation],
        step: usize,
        downstream: &[Downstream],
    ) -> Result<Self, Error> {
        let mut log = Self::empty(path, run, evaluations);
        if !log.path.exists() {
            return Ok(log);
        }
        let mut lines = read_scores(&log.path)?;
        let all = lines.len();
        lines.retain(|line| log.keeps(line, step));
        if lines.len() < all {
            update_scores(&log.path, |lines| lines.retain(|line| log.keeps(line, step)))?;
            let (path, dropped) = (log.path.display(), all - lines.len());
            note!(
                "{path}: removed {dropped} scores that are later than step {step} or of another run"
            );
        }
        log.take(&lines, downstream);
        Ok(log)
    }

    /// The scores of a run among the lines of the file `path`, which is not changed.
    pub fn of_lines(
        path: PathBuf,
        run: &str,
        evaluations: &[Evaluation],
        lines: &[ScoreLine],
        downstream: &[Downstream],
    ) -> Self {
        let mut log = Self::empty(path, run, evaluations);
        log.take(lines, downstream);
        log
    }

    /// A log without scores.
    fn empty(path: PathBuf, run: &str, evaluations: &[Evaluation]) -> Self {
        let set = |evaluation: &Evaluation| SetScores {
            identity: scored_identity(run, evaluation),
            curve: Vec::new(),
        };
        Self { path, run: run.into(), sets: evaluations.iter().map(set).collect() }
    }

    /// Takes the scores of the run from these lines.
    fn take(&mut self, lines: &[ScoreLine], downstream: &[Downstream]) {
        for (set, downstream) in self.sets.iter_mut().zip(downstream) {
            set.curve = set.curve_of(lines, downstream);
        }
    }

    /// Returns true if a line stays valid when the run continues after `step` steps.
    fn keeps(&self, line: &ScoreLine, step: usize) -> bool {
        match (&line.run, &line.identity) {
            (Some(run), _) => *run == self.run && line.step.is_none_or(|at| at <= step),
            // Lines of earlier versions have no run identity.
            (None, Some(identity)) if self.sets.iter().any(|set| set.identity == *identity) => {
                line.step.is_none_or(|at| at <= step)
            }
            _ => true,
        }
    }

    /// The steps that have all requested scores on every data set, sorted, with these scores in the
    /// order of the data sets.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let Some((first, others)) = self.sets.split_first() else { return Vec::new() };
        let joined = |point: &CurvePoint| {
            let mut point = point.clone();
            for set in others {
                point.scores.extend_from_slice(&set.at(point.step)?.scores);
            }
            Some(point)
        };
        first.curve.iter().filter_map(joined).collect()
    }

    /// The indices of the data sets on which a step does not have all requested scores.
    pub fn missing(&self, step: usize) -> Vec<usize> {
        let sets = self.sets.iter().enumerate();
        sets.filter(|(_, set)| set.at(step).is_none()).map(|(index, _)| index).collect()
    }

    /// The wanted steps that have no score on the data set with index `set` and cannot be scored
    /// from a checkpoint of `step`. Step 0 can always be scored, as it needs no checkpoint.
    pub fn lost(&self, set: usize, wanted: &[usize], step: usize) -> Vec<usize> {
        let between = wanted.iter().copied().filter(|at| (1..step).contains(at));
        between.filter(|at| self.sets[set].at(*at).is_none()).collect()
    }

    /// Adds the scores of one step on the data set with index `set`, computed with these weights,
    /// and writes the file.
    pub fn push(&mut self, set: usize, point: CurvePoint, weights: Identity) -> Result<(), Error> {
        let Self { path, run, sets } = self;
        let set = &mut sets[set];
        let line = |score: &Score| ScoreLine {
            step: Some(point.step),
            run: Some(run.clone()),
            identity: Some(set.identity.clone()),
            weights: Some(weights.to_string()),
            ..score.clone().into()
        };
        let new: Vec<ScoreLine> = point.scores.iter().map(line).collect();
        update_scores(path, |lines| {
            lines.retain(|old| !new.iter().any(|new| is_same(old, new)));
            lines.extend(new);
            // Lines without a step come last.
            lines.sort_by_key(|line| line.step.unwrap_or(usize::MAX));
        })?;
        set.curve.push(point);
        set.curve.sort_by_key(|point| point.step);
        Ok(())
    }
}

impl SetScores {
    /// The scores at a step, if it has all.
    fn at(&self, step: usize) -> Option<&CurvePoint> {
        self.curve.iter().find(|point| point.step == step)
    }

    /// The steps that have a score under each of the requested protocols.
    fn curve_of(&self, lines: &[ScoreLine], downstream: &Downstream) -> Vec<CurvePoint> {
        let views = downstream.views();
        let pictures = downstream.train.len();
        let wanted: Vec<Requested> =
            downstream.protocols.iter().map(|it| Requested::new(it, &views, pictures)).collect();
        let ours: Vec<&ScoreLine> = lines
            .iter()
            .filter(|line| line.identity.as_ref() == Some(&self.identity))
            .filter(|line| line.score.dataset == downstream.name)
            // The identity covers only the settings; pictures may have been added or removed since.
            .filter(|line| line.score.n_test == downstream.test.len())
            .collect();
        let mut steps: Vec<usize> = ours.iter().filter_map(|line| line.step).collect();
        steps.sort_unstable();
        steps.dedup();
        let at = |step: usize| {
            let score = |wanted: &Requested| {
                let here = || ours.iter().filter(|line| line.step == Some(step));
                let of = |hash: &str| here().find(|line| line.score.protocol_hash == hash);
                let line = of(&wanted.hash).or_else(|| of(&wanted.requested_hash))?;
                Some(wanted.named(line.score.clone()))
            };
            let scores = wanted.iter().map(score).collect::<Option<_>>()?;
            Some(CurvePoint { step, scores })
        };
        steps.into_iter().filter_map(at).collect()
    }
}

/// A requested protocol.
struct Requested {
    /// The protocol in effect on these data.
    protocol: Arc<dyn EvaluationProtocol>,
    /// Hash of the protocol in effect.
    hash: String,
    /// Hash of the protocol as requested. Earlier versions stored this one, even if there were
    /// fewer pictures than the requested number of neighbours.
    requested_hash: String,
}

impl Requested {
    fn new(protocol: &Arc<dyn EvaluationProtocol>, views: &str, pictures: usize) -> Self {
        let requested_hash = protocol.hash(views).to_string();
        let protocol = in_effect(protocol, pictures);
        Self { hash: protocol.hash(views).to_string(), protocol, requested_hash }
    }

    /// Returns the score with the name and hash of the protocol in effect.
    fn named(&self, score: Score) -> Score {
        Score {
            protocol: self.protocol.name(),
            protocol_hash: self.hash.clone(),
            settings: self.protocol.settings(),
            ..score
        }
    }
}

/// Returns true if two lines are scores of the same step, run, protocol and data.
fn is_same(a: &ScoreLine, b: &ScoreLine) -> bool {
    (a.step, &a.identity) == (b.step, &b.identity)
        && (&a.score.protocol_hash, &a.score.dataset) == (&b.score.protocol_hash, &b.score.dataset)
}

/// A hash of everything that a run's scores depend on except the protocol.
fn scored_identity(run: &str, evaluation: &Evaluation) -> String {
    let Evaluation { train, test, .. } = evaluation;
    let data = serde_json::to_string(&(train, test)).expect("plain data");
    Identity::new().and_field(run.as_bytes()).and_field(data.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::slice::from_ref;

    use sempairs_augment::Pipeline;
    use sempairs_data::sources::Subset;
    use sempairs_eval::{Knn, Protocol, append_scores};
    use sempairs_scenes::{SceneSource, SceneSplit};

    use super::*;
    use crate::experiment::Experiment;

    fn evaluation() -> Evaluation {
        let text = include_str!("../../experiments/simclr_semantic.toml");
        Experiment::parse(text, "simclr_semantic.toml").unwrap().evaluation[0].clone()
    }

    /// Opens the log of a run that is scored on a single data set.
    fn open_one(
        path: &Path,
        run: &str,
        evaluation: &Evaluation,
        step: usize,
        downstream: &Downstream,
    ) -> ScoreLog {
        let (evaluation, downstream) = (from_ref(evaluation), from_ref(downstream));
        ScoreLog::open(path.into(), run, evaluation, step, downstream).unwrap()
    }

    fn downstream(protocols: &[&str]) -> Downstream {
        let source = Arc::new(SceneSource::new(SceneSplit::DownstreamTest, 1, 16, 0));
        let view = Pipeline::evaluation(16);
        let mut downstream = Downstream::new("scenes", source.clone(), source, view);
        let parse = |name: &&str| name.parse::<Protocol>().unwrap().into();
        downstream.protocols = protocols.iter().map(parse).collect();
        downstream
    }

    /// Artificial scores at a step, one per protocol.
    fn point(step: usize, downstream: &Downstream) -> CurvePoint {
        let score = |protocol: &Arc<dyn EvaluationProtocol>| Score {
            protocol: protocol.name(),
            protocol_hash: protocol.hash(&downstream.views()).to_string(),
            settings: protocol.settings(),
            views: downstream.views(),
            dataset: downstream.name.clone(),
            top1: 0.5,
            top5: 1.0,
            per_class: Vec::new(),
            n_train: downstream.train.len(),
            n_test: downstream.test.len(),
            extra: Default::default(),
            correct: None,
        };
        CurvePoint { step, scores: downstream.protocols.iter().map(score).collect() }
    }

    /// Writes a log with scores at steps 0, 4 and 8.
    fn scored(path: &Path, run: &str, evaluation: &Evaluation, downstream: &Downstream) {
        let mut log = open_one(path, run, evaluation, 0, downstream);
        for step in [0, 4, 8] {
            log.push(0, point(step, downstream), Identity::new()).unwrap();
        }
    }

    fn steps(log: &ScoreLog) -> Vec<usize> {
        log.curve().iter().map(|point| point.step).collect()
    }

    #[test]
    fn a_resumed_run_removes_only_its_later_scores() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let (evaluation, downstream) = (evaluation(), downstream(&["knn", "probe"]));
        scored(&path, "run", &evaluation, &downstream);
        let foreign = ScoreLine {
            weights: Some("w".into()),
            file: Some("other.pth".into()),
            ..point(0, &downstream).scores[0].clone().into()
        };
        append_scores(&path, vec![foreign.clone()]).unwrap();
        // Lines of an earlier version have an identity of the data but none of the run.
        let old = ScoreLine {
            step: Some(99),
            identity: Some("unknown".into()),
            ..point(99, &downstream).scores[0].clone().into()
        };
        append_scores(&path, vec![old.clone()]).unwrap();

        let open = |step| open_one(&path, "run", &evaluation, step, &downstream);
        assert_eq!(steps(&open(8)), [0, 4, 8]);
        assert_eq!(read_scores(&path).unwrap().len(), 8);
        let mut log = open(5);
        assert_eq!(steps(&log), [0, 4]);
        log.push(0, point(8, &downstream), Identity::new()).unwrap();
        log.push(0, point(4, &downstream), Identity::new()).unwrap();
        let lines = read_scores(&path).unwrap();
        assert_eq!(lines.len(), 8, "no line twice");
        assert_eq!(lines[6..], [old, foreign]);
        assert!(lines[..6].iter().all(|line| line.weights.is_some() && line.run.is_some()));
    }

    #[test]
    fn scores_of_other_data_and_protocols_are_kept_and_those_of_another_run_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let (one, knn) = (evaluation(), downstream(&["knn"]));
        let two = Evaluation { test: one.train.clone(), ..one.clone() };
        scored(&path, "run", &one, &knn);
        let open = |run, evaluation, step, protocols: &[&str]| {
            open_one(&path, run, evaluation, step, &downstream(protocols))
        };
        // With other data no score is known, and new lines do not replace existing ones.
        let mut log = open("run", &two, 8, &["knn"]);
        assert_eq!(steps(&log), [0; 0]);
        log.push(0, point(8, &knn), Identity::new()).unwrap();
        assert_eq!(read_scores(&path).unwrap().len(), 4);
        // With an additional protocol the last step is scored under both, without duplicate lines.
        let mut log = open("run", &one, 8, &["knn", "probe"]);
        assert_eq!(steps(&log), [0; 0]);
        log.push(0, point(8, &downstream(&["knn", "probe"])), Identity::new()).unwrap();
        assert_eq!((log.missing(8), log.missing(4)), (vec![], vec![0]));
        assert_eq!(log.lost(0, &[0, 2, 4, 6, 8, 10], 8), [2, 4, 6]);
        assert_eq!(read_scores(&path).unwrap().len(), 5);
        assert_eq!(steps(&open("run", &one, 8, &["knn"])), [0, 4, 8]);
        // Later steps are removed for all data; all scores of another run are removed.
        open("run", &one, 4, &["knn"]);
        assert_eq!(read_scores(&path).unwrap().len(), 2);
        assert_eq!(steps(&open("other", &one, 8, &["knn"])), [0; 0]);
        assert_eq!(read_scores(&path).unwrap().len(), 0);
    }

    #[test]
    fn a_step_is_scored_when_every_data_set_has_its_scores() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let (near, first) = (evaluation(), downstream(&["knn", "probe"]));
        scored(&path, "run", &near, &first);
        // The second data set has the same pictures under another name, so only the name tells
        // their scores apart.
        let far = Evaluation { dataset: "far".into(), ..near.clone() };
        let second = Downstream { name: "far".into(), ..downstream(&["knn"]) };
        let sets = [first.clone(), second.clone()];
        let open = |step| {
            let evaluations = [near.clone(), far.clone()];
            ScoreLog::open(path.clone(), "run", &evaluations, step, &sets).unwrap()
        };
        let mut log = open(8);
        assert_eq!(steps(&log), [0; 0]);
        assert_eq!(
            (log.missing(0), log.missing(4), log.missing(6)),
            (vec![1], vec![1], vec![0, 1])
        );
        assert_eq!(log.lost(0, &[0, 4, 8], 8), [0; 0]);
        assert_eq!(log.lost(1, &[0, 4, 8], 8), [4]);
        let before = read_scores(&path).unwrap();
        for step in [8, 0] {
            log.push(1, point(step, &second), Identity::new()).unwrap();
        }
        for log in [log, open(8)] {
            assert_eq!(steps(&log), [0, 8]);
            let curve = log.curve();
            let names: Vec<&str> = curve[1].scores.iter().map(|score| &score.dataset[..]).collect();
            assert_eq!(names, ["scenes", "scenes", "far"]);
        }
        let lines = read_scores(&path).unwrap();
        assert_eq!(lines.len(), before.len() + 2);
        assert!(before.iter().all(|line| lines.contains(line)));
        let order: Vec<_> = lines.iter().map(|line| (line.step, &line.score.dataset[..])).collect();
        let near_far = ["scenes", "scenes", "far"];
        assert_eq!(order[..3], near_far.map(|name| (Some(0), name)));
        assert_eq!(order[5..], near_far.map(|name| (Some(8), name)));
        // A resumed run forgets later steps on all data sets.
        assert_eq!(steps(&open(4)), [0]);
        assert_eq!(read_scores(&path).unwrap().len(), 5);
        // Without the second data set the first one has all its scores.
        assert_eq!(steps(&open_one(&path, "run", &near, 4, &first)), [0, 4]);
    }

    #[test]
    fn scores_of_a_test_set_of_another_size_are_recomputed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let (evaluation, all) = (evaluation(), downstream(&["knn"]));
        scored(&path, "run", &evaluation, &all);
        let part = Subset::new(all.test.clone(), (1..all.test.len()).collect());
        let fewer = Downstream { test: Arc::new(part), ..all.clone() };
        let open = |data| open_one(&path, "run", &evaluation, 8, data);
        let mut log = open(&fewer);
        assert_eq!(steps(&log), [0; 0]);
        log.push(0, point(8, &fewer), Identity::new()).unwrap();
        assert_eq!((steps(&open(&fewer)), steps(&open(&all))), (vec![8], vec![0, 4]));
    }

    /// Scores of earlier versions stay valid and get the name of the protocol in effect.
    #[test]
    fn scores_of_more_neighbours_than_pictures_are_found_under_the_limited_protocol() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let (evaluation, mut requested) = (evaluation(), downstream(&[]));
        let pictures = requested.train.len();
        let many = Protocol::Knn(Knn { k: pictures + 1000, ..Knn::default() });
        requested.protocols = vec![many.into()];
        scored(&path, "run", &evaluation, &requested);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("knn-k{}-", pictures + 1000)));
        let log = open_one(&path, "run", &evaluation, 8, &requested);
        assert_eq!(steps(&log), [0, 4, 8]);
        // So does a run that is only looked at, to see whether it has finished.
        let lines = read_scores(&path).unwrap();
        let (one, sets) = (from_ref(&evaluation), from_ref(&requested));
        let seen = ScoreLog::of_lines(path.clone(), "run", one, &lines, sets);
        assert_eq!(seen.curve(), log.curve());
        let true_name = Protocol::Knn(Knn { k: pictures, ..Knn::default() });
        for point in log.curve() {
            let score = &point.scores[0];
            assert_eq!(score.protocol, true_name.name());
            assert_eq!(score.protocol_hash, true_name.hash(&requested.views()).to_string());
            assert_eq!(score.settings, true_name.settings());
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "the file stays as it is");
    }

    #[test]
    fn lines_without_a_run_identity_are_still_valid() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        let (evaluation, downstream) = (evaluation(), downstream(&["knn"]));
        scored(&path, "run", &evaluation, &downstream);
        update_scores(&path, |lines| {
            lines.iter_mut().for_each(|line| (line.run, line.weights) = (None, None));
        })
        .unwrap();
        let log = open_one(&path, "run", &evaluation, 4, &downstream);
        assert_eq!(steps(&log), [0, 4]);
        assert_eq!(read_scores(&path).unwrap().len(), 2);
    }

    #[test]
    fn the_error_of_an_invalid_line_has_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.jsonl");
        std::fs::write(&path, "{}\n").unwrap();
        let (evaluation, downstream) = (evaluation(), downstream(&["knn"]));
        let (evaluation, downstream) = (from_ref(&evaluation), from_ref(&downstream));
        let Err(error) = ScoreLog::open(path, "run", evaluation, 0, downstream) else {
            panic!("it was read")
        };
        let message = error.to_string();
        assert!(message.contains("scores.jsonl") && message.contains("line 1"), "{message}");
    }
}
