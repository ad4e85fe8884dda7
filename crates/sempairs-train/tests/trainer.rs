//! The training loop: errors for infinite or NaN values, interruption, and logging.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use burn_train::Interrupter;
use sempairs_augment::Augmentation;
use sempairs_backbone::{Backbone, ResNet, ResNetConfig, weights};
use sempairs_data::{DataError, Pair, PairDataset};
use sempairs_objective::{Clock, Loss, Method, Views};
use sempairs_testing::Generated;
use sempairs_train::{
    Alarm, Checkpoints, MetricLine, MetricLog, RunDirectory, TrainConfig, TrainError, Trainer,
};

const IDENTITY: &str = "trainer";

/// Which value becomes NaN, and from which step on.
#[derive(Clone, Copy, Debug)]
enum Breaks {
    Nothing,
    Loss(usize),
    Gradient(usize),
    /// All embeddings are equal.
    Embeddings,
}

/// Small method whose loss shrinks its features.
#[derive(Module, Debug)]
struct Tiny {
    backbone: ResNet,
    #[module(skip)]
    breaks: Breaks,
}

impl Method for Tiny {
    type Backbone = ResNet;

    fn loss(&self, views: Views, clock: Clock) -> Loss {
        let features = self.backbone.forward(views.joined());
        let embeddings = features.clone().detach();
        let value = features.square().mean();
        let value = match self.breaks {
            Breaks::Loss(step) if clock.step >= step => value * f32::NAN,
            // The square root is finite at zero, its derivative is not.
            Breaks::Gradient(step) if clock.step >= step => (value * 0.0).sqrt(),
            _ => value,
        };
        let embeddings = match self.breaks {
            Breaks::Embeddings => embeddings * 0.0 + 1.0,
            _ => embeddings,
        };
        Loss::new(value, embeddings)
    }

    fn backbone(&self) -> &ResNet {
        &self.backbone
    }

    /// Holds from the fifth step on.
    fn information_bound(&self, loss: f64, batch: usize, step: usize) -> Option<f64> {
        (step >= 4).then_some(batch as f64 - loss)
    }
}

fn tiny(breaks: Breaks) -> Tiny {
    let config = ResNetConfig { widths: [4, 4, 8, 8], ..ResNetConfig::resnet10_narrow() };
    Tiny { backbone: config.init_seeded(&Device::flex(), 1), breaks }
}

fn trainer(folder: &Path, steps: usize, log_every: usize, checkpoint_every: usize) -> Trainer {
    let pairs = (0..12).map(|i| Pair { left: i, right: (i + 1) % 12 }).collect();
    let config = TrainConfig {
        log_every,
        checkpoint_every: Some(checkpoint_every),
        ..TrainConfig::adamw(7, 4, steps, 1e-2)
    };
    let source = Generated::new(12).bytes(|picture, byte| (byte * (picture + 1) % 251) as u8);
    let dataset = Arc::new(PairDataset::new(Arc::new(source), pairs));
    let pipelines = Augmentation::SimclrCifar.pipelines(16);
    let directory = RunDirectory::create(folder).unwrap();
    Trainer::new(config, dataset, pipelines, directory, Device::flex()).identity(IDENTITY)
}

fn error(trainer: &Trainer, breaks: Breaks) -> TrainError {
    trainer.run(tiny(breaks), |_, _| Ok(())).expect_err("an error")
}

/// Steps of the lines in the run's `metrics.jsonl`.
fn logged(trainer: &Trainer) -> Vec<usize> {
    let lines = MetricLog::read(&trainer.directory().metrics()).unwrap();
    assert!(lines.iter().all(|line| line.loss.is_finite()));
    lines.iter().map(|line| line.step).collect()
}

/// Lines of the run's `metrics.jsonl` as bits, without measured times.
fn untimed(trainer: &Trainer) -> Vec<String> {
    let lines = MetricLog::read(&trainer.directory().metrics()).unwrap().into_iter();
    let untimed = |line| MetricLine { pairs_per_second: 0.0, waiting: 0.0, ..line };
    lines.map(|line| serde_json::to_string(&untimed(line)).unwrap()).collect()
}

fn checkpoint(trainer: &Trainer) -> Option<usize> {
    let checkpoints = Checkpoints::new(trainer.directory().checkpoint(), IDENTITY);
    checkpoints.load().unwrap().map(|checkpoint| checkpoint.step)
}

#[test]
fn a_nan_loss_is_an_error_with_its_step_and_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(folder.path(), 12, 100, 5);
    // Step 7 is in the middle of the three losses that are read together at the end of the epoch.
    let error = error(&trainer, Breaks::Loss(7));
    let message = error.to_string();
    let TrainError::NotFinite { loss, step, learning_rate, checkpoint: path } = error else {
        panic!("{message}")
    };
    let rate =
        TrainConfig::adamw(7, 4, 12, 1e-2).learning_rate.schedule(4, 3).at(Clock::new(3, 12).at(7));
    let latest = trainer.directory().checkpoint().join("latest.ckpt");
    assert!(loss.is_nan());
    assert_eq!((step, learning_rate, path), (7, rate, Some(latest.clone())));
    for part in ["step 7 ".to_string(), format!("{rate:e}"), latest.display().to_string()] {
        assert!(message.contains(&part), "{part}: {message}");
    }
    assert_eq!(checkpoint(&trainer), Some(5));
    // One line per epoch of three steps and one per checkpoint.
    assert_eq!(logged(&trainer), [3, 5, 6]);
}

#[test]
fn a_nan_loss_before_the_first_checkpoint_says_that_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(folder.path(), 12, 2, 4);
    let error = error(&trainer, Breaks::Loss(1));
    assert!(matches!(error, TrainError::NotFinite { step: 1, checkpoint: None, .. }), "{error}");
    assert!(error.to_string().contains("there is no checkpoint yet"), "{error}");
    assert_eq!(checkpoint(&trainer), None);
}

#[test]
fn nan_weights_never_replace_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(folder.path(), 12, 2, 4);
    let error = error(&trainer, Breaks::Gradient(7));
    let message = error.to_string();
    assert!(matches!(error, TrainError::WeightsNotFinite { step: 7, .. }), "{message}");
    assert!(message.contains("step 7 ") && message.contains("latest.ckpt"), "{message}");
    assert_eq!(checkpoint(&trainer), Some(4));
    assert_eq!(logged(&trainer), [2, 3, 4, 6, 8]);
}

#[test]
fn an_interrupted_run_with_nan_weights_keeps_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let interrupter = Interrupter::new();
    let trainer = trainer(folder.path(), 12, 2, 4).observe([7]).interrupter(interrupter.clone());
    let result = trainer.run(tiny(Breaks::Gradient(6)), |_, _| {
        interrupter.stop(None);
        Ok(())
    });
    let error = result.expect_err("an error");
    assert!(matches!(error, TrainError::WeightsNotFinite { step: 6, .. }), "{error}");
    assert_eq!(checkpoint(&trainer), Some(4));
    assert_eq!(logged(&trainer), [2, 3, 4, 6]);
}

#[test]
fn a_resumed_run_ends_with_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, stopped] =
        ["whole", "stopped"].map(|name| trainer(&folder.path().join(name), 8, 3, 100));
    let save = |trainer: &Trainer, method: &Tiny| {
        weights::save(&method.backbone, &trainer.directory().backbone()).unwrap();
        fs::read(trainer.directory().backbone()).unwrap()
    };
    let outcome = whole.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap();
    assert!(!outcome.interrupted && outcome.clock.is_over());
    let expected = save(&whole, &outcome.method);

    let interrupter = Interrupter::new();
    let stopped = stopped.observe([5]).interrupter(interrupter.clone());
    let outcome = stopped.run(tiny(Breaks::Nothing), |_, clock| {
        assert_eq!(clock.step, 5);
        interrupter.stop(Some("the test"));
        Ok(())
    });
    let outcome = outcome.unwrap();
    assert!(outcome.interrupted);
    assert_eq!((outcome.clock.step, checkpoint(&stopped)), (5, Some(5)));
    assert!(interrupter.should_stop(), "the interrupter must also stop later runs");
    assert!(save(&stopped, &outcome.method) != expected, "three steps are missing");

    let stopped = stopped.interrupter(Interrupter::new());
    let outcome = stopped.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap();
    assert!(!outcome.interrupted);
    assert!(save(&stopped, &outcome.method) == expected, "the weights differ");
    assert_eq!(logged(&whole), [3, 6, 8]);
    // The steps before and after the interruption form one line, as without an interruption.
    assert_eq!(untimed(&stopped), untimed(&whole));
}

#[test]
fn a_repeatedly_interrupted_run_logs_the_same_lines() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, stopped] =
        ["whole", "stopped"].map(|name| trainer(&folder.path().join(name), 11, 7, 100));
    whole.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap();
    let stops = [1, 2, 3, 5, 8, 10];
    let mut stopped = stopped.observe(stops);
    for step in stops {
        let interrupter = Interrupter::new();
        stopped = stopped.interrupter(interrupter.clone());
        let outcome = stopped.run(tiny(Breaks::Nothing), |_, clock| {
            if clock.step == step {
                interrupter.stop(None);
            }
            Ok(())
        });
        assert_eq!(outcome.unwrap().clock.step, step);
    }
    let stopped = stopped.interrupter(Interrupter::new());
    assert!(!stopped.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap().interrupted);
    assert_eq!(logged(&whole), [3, 6, 7, 9, 11]);
    assert_eq!(untimed(&stopped), untimed(&whole));
}

#[test]
fn an_observer_that_is_interrupted_stops_the_run_and_is_called_again() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(folder.path(), 8, 3, 100).observe([5, 8]);
    for step in [5, 5, 8] {
        let mut seen = Vec::new();
        let outcome = trainer.run(tiny(Breaks::Nothing), |_, clock| {
            seen.push(clock.step);
            let interrupted = Err(DataError::Interrupted.into());
            if clock.step == step { interrupted } else { Ok(()) }
        });
        let outcome = outcome.unwrap();
        assert!(outcome.interrupted, "also at the last step");
        assert_eq!((outcome.clock.step, checkpoint(&trainer)), (step, Some(step)));
        assert_eq!(seen.first(), Some(&5));
    }
    let outcome = trainer.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap();
    assert!(!outcome.interrupted);
    assert_eq!(logged(&trainer), [3, 6, 8]);
}

#[test]
fn every_epoch_logs_its_collapse_measurements_once() {
    let folder = tempfile::tempdir().unwrap();
    // Three whole epochs of three steps and one partial epoch.
    let trainer = trainer(folder.path(), 10, 2, 100);
    let outcome = trainer.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap();
    let steps: Vec<usize> = outcome.metrics.iter().map(|line| line.step).collect();
    assert_eq!(steps, [2, 3, 4, 6, 8, 9, 10]);
    let monitored = outcome.metrics.iter().filter_map(|line| Some((line.step, line.collapse?)));
    let (steps, readings): (Vec<usize>, Vec<_>) = monitored.unzip();
    assert_eq!(steps, [3, 6, 9, 10]);
    for reading in readings {
        assert!(reading.deviation.is_finite() && reading.deviation >= 0.0, "{reading:?}");
        assert!((1.0 - 1e-6..=8.0).contains(&reading.rank), "{reading:?}");
    }
    assert_eq!(MetricLog::read(&trainer.directory().metrics()).unwrap(), outcome.metrics);
}

#[test]
fn information_bounds_are_logged_from_the_first_line_whose_steps_all_have_one() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(folder.path(), 12, 2, 5);
    let lines = trainer.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap().metrics;
    let steps: Vec<usize> = lines.iter().map(|line| line.step).collect();
    assert_eq!(steps, [2, 3, 4, 5, 6, 8, 9, 10, 12]);
    for line in &lines {
        // The line of step 5 is that of the fifth step alone.
        let expected = (line.step >= 5).then_some(4.0 - line.loss);
        assert_eq!(line.information_bound, expected, "{line:?}");
    }
    assert_eq!(MetricLog::read(&trainer.directory().metrics()).unwrap(), lines);
}

#[test]
fn a_run_directory_accepts_one_run_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = RunDirectory::create(folder.path()).unwrap();
    let error = RunDirectory::create(folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::Busy { .. }), "{error}");
    assert!(error.to_string().contains(&*folder.path().to_string_lossy()), "{error}");
    let clone = first.clone();
    drop(first);
    assert!(RunDirectory::create(folder.path()).is_err(), "a clone still holds the lock");
    drop(clone);
    RunDirectory::create(folder.path()).unwrap();
}

#[test]
fn a_collapsed_run_raises_alarms_and_stops_if_configured() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(&folder.path().join("goes on"), 12, 2, 3);
    let outcome = trainer.run(tiny(Breaks::Embeddings), |_, _| Ok(())).unwrap();
    assert!(matches!(outcome.alarms[..], [Alarm::Deviation { .. }, Alarm::Rank { .. }]));
    // A second call finds the run finished and reports the same alarms.
    let again = trainer.run(tiny(Breaks::Embeddings), |_, _| Ok(())).unwrap();
    assert_eq!(again.alarms, outcome.alarms);

    let stops = self::trainer(&folder.path().join("stops"), 12, 2, 3).stop_on_collapse(true);
    let error = error(&stops, Breaks::Embeddings);
    let message = error.to_string();
    // Lines before step 3, the first quarter, are ignored; the second epoch ends at step 6.
    assert!(matches!(error, TrainError::Collapsed { step: 6, .. }), "{message}");
    assert!(message.contains("nearly equal") && message.contains("latest.ckpt"), "{message}");
    assert_eq!(checkpoint(&stops), Some(3));
}

#[test]
fn a_run_that_does_not_collapse_has_no_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(folder.path(), 12, 2, 100).stop_on_collapse(true);
    let outcome = trainer.run(tiny(Breaks::Nothing), |_, _| Ok(())).unwrap();
    assert_eq!(outcome.alarms, []);
}
