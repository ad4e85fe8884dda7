//! Checkpoints: restoring, errors for damaged files, and the files left when a write fails.

use std::fs;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use sempairs_train::{Checkpoint, Checkpoints, LarsConfig, Optimizer, OptimizerConfig, TrainError};

#[derive(Module, Debug)]
struct Weights {
    w: Param<Tensor<2>>,
}

fn weights() -> Weights {
    let device = Device::flex().autodiff();
    let w = Tensor::<1>::from_floats([1.0, -2.0, 3.0, 0.5], &device).reshape([2, 2]);
    Weights { w: Param::from_tensor(w) }
}

fn adamw() -> Optimizer {
    OptimizerConfig::adamw(0.01).init()
}

fn step(weights: Weights, optimizer: &mut Optimizer) -> Weights {
    let loss = weights.w.val().powi_scalar(4).sum();
    let gradients = GradientsParams::from_grads(loss.backward(), &weights);
    optimizer.step(1e-3, weights, gradients)
}

fn values(weights: &Weights) -> Vec<f32> {
    weights.w.val().into_data().iter::<f32>().collect()
}

#[test]
fn a_restored_run_continues_exactly_like_an_uninterrupted_one() {
    let lars = LarsConfig { trust: 0.1, ..LarsConfig::default() };
    for config in
        [OptimizerConfig::adamw(0.01), OptimizerConfig::sgd(0.01), OptimizerConfig::Lars(lars)]
    {
        goes_on(&config);
    }
}

fn goes_on(config: &OptimizerConfig) {
    let (mut a, mut optimizer) = (weights(), config.init());
    for _ in 0..3 {
        a = step(a, &mut optimizer);
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), "id");
    checkpoints.save(&Checkpoint::take(3, &a, &optimizer)).unwrap();
    for _ in 0..3 {
        a = step(a, &mut optimizer);
    }
    let checkpoint = checkpoints.load().unwrap().unwrap();
    assert_eq!(checkpoint.step, 3);
    let (mut b, mut optimizer) = checkpoint.restore(weights(), config.init()).unwrap();
    for _ in 0..3 {
        b = step(b, &mut optimizer);
    }
    assert_eq!(values(&a), values(&b), "{config:?}");
}

#[test]
fn a_damaged_checkpoint_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), "id");
    assert!(checkpoints.load().unwrap().is_none());
    let (module, optimizer) = (weights(), adamw());
    for done in [1, 2] {
        checkpoints.save(&Checkpoint::take(done, &module, &optimizer)).unwrap();
    }
    let whole = fs::read(checkpoints.latest()).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&flipped[..], &whole[..whole.len() - 1], &whole[..10], b"", b"some other file"]
    {
        fs::write(checkpoints.latest(), damaged).unwrap();
        let error = checkpoints.load().err().expect("an error");
        let message = error.to_string();
        assert!(matches!(error, TrainError::Damaged { .. }), "{message}");
        assert!(message.contains("latest.ckpt") && message.contains("previous.ckpt"), "{message}");
    }
    // As the message says: without the damaged file the run resumes from the previous checkpoint.
    fs::remove_file(checkpoints.latest()).unwrap();
    assert_eq!(checkpoints.load().unwrap().unwrap().step, 1);
}

#[test]
fn a_checkpoint_of_another_run_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    Checkpoints::new(folder.path(), "one")
        .save(&Checkpoint::take(1, &weights(), &adamw()))
        .unwrap();
    let error = Checkpoints::new(folder.path(), "two").load().err().expect("an error");
    assert!(matches!(error, TrainError::OtherRun { .. }));
    assert!(error.to_string().contains("one") && error.to_string().contains("two"));
}

#[test]
fn a_checkpoint_is_loaded_with_the_identity_of_its_run() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Checkpoints::load_any(folder.path()).unwrap().is_none());
    let checkpoints = Checkpoints::new(folder.path(), "one");
    checkpoints.save(&Checkpoint::take(1, &weights(), &adamw())).unwrap();
    checkpoints.save(&Checkpoint::take(2, &weights(), &adamw())).unwrap();
    let (checkpoint, identity) = Checkpoints::load_any(folder.path()).unwrap().unwrap();
    assert_eq!((checkpoint.step, identity.as_str()), (2, "one"));
    assert_eq!(checkpoint.path(), Some(checkpoints.latest().as_path()));
    fs::remove_file(checkpoints.latest()).unwrap();
    assert_eq!(Checkpoints::load_any(folder.path()).unwrap().unwrap().0.step, 1);
    fs::write(checkpoints.previous(), "some other file").unwrap();
    let error = Checkpoints::load_any(folder.path()).err().expect("an error");
    assert!(matches!(error, TrainError::Damaged { .. }), "{error}");
}

#[test]
fn a_failed_write_keeps_the_old_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path(), "id");
    checkpoints.save(&Checkpoint::take(1, &weights(), &adamw())).unwrap();
    // A folder at the path of the file that is written first makes the write fail.
    fs::create_dir(folder.path().join("next.ckpt")).unwrap();
    let error = checkpoints.save(&Checkpoint::take(2, &weights(), &adamw())).unwrap_err();
    assert!(error.to_string().contains("next.ckpt"), "{error}");
    assert_eq!(checkpoints.load().unwrap().unwrap().step, 1);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
