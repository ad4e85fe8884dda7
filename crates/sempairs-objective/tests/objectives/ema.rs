//! Momentum encoders.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};
use sempairs_objective::{Ema, HeadNorm, Projector, ProjectorConfig};

use super::oracle::{tensor, values};
use super::training::state;

fn student() -> Projector {
    ProjectorConfig::new([6], 4, HeadNorm::PlainLast).init(5, &Device::flex()).train()
}

fn ids<M: Module>(module: &M) -> Vec<ParamId> {
    struct Ids(Vec<ParamId>);
    impl ModuleVisitor for Ids {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            // Optimisers never see running statistics, whatever their ID.
            if param.shape().num_elements() > 6 || param.is_require_grad() {
                self.0.push(param.id);
            }
        }
    }
    let mut ids = Ids(Vec::new());
    module.visit(&mut ids);
    ids.0
}

#[test]
fn its_parameters_have_their_own_ids() {
    let student = student();
    let copy = Ema::new(&student);
    let (theirs, ours) = (ids(&student), ids(&*copy));
    assert!(theirs.len() >= 4 && !ours.is_empty());
    assert!(ours.iter().all(|id| !theirs.contains(id)));
}

#[test]
fn it_starts_equal_and_gets_no_gradient() {
    let student = student();
    let copy = Ema::new(&student);
    assert_eq!(state(&student), state(&*copy));
    let device = Device::flex().autodiff();
    let x = tensor(&values(15, 1), 3, &device);
    assert_eq!(student.forward(x.clone()).into_data(), copy.forward(x.clone()).into_data());
    assert!(!copy.forward(x.clone()).is_require_grad());
    assert!(student.forward(x).is_require_grad() || student.devices()[0].is_autodiff());
}

#[test]
fn its_running_statistics_are_its_own() {
    let student = student();
    let copy = Ema::new(&student);
    let mean = "layers.0.norm.running_mean";
    let before = state(&student)[mean].clone();
    let device = Device::flex().autodiff();
    student.forward(tensor(&values(15, 1), 3, &device));
    let moved = state(&student)[mean].clone();
    assert_ne!(before, moved);
    assert_eq!(state(&*copy)[mean], before, "the student's batch moved the copy's statistics");
    copy.forward(tensor(&values(15, 2), 3, &device));
    assert_ne!(
        state(&*copy)[mean],
        before,
        "a momentum encoder in training updates its running statistics"
    );
    assert_eq!(state(&student)[mean], moved, "the copy's batch moved the student's statistics");
}

#[test]
fn a_step_averages_parameters_only() {
    let student = student();
    let copy = Ema::new(
        &ProjectorConfig::new([6], 4, HeadNorm::PlainLast).init(5, &Device::flex()).train(),
    );
    student.forward(tensor(&values(15, 1), 3, &Device::flex().autodiff()));
    let (theirs, before) = (state(&student), state(&*copy));
    let after = state(&*copy.follow(&student, 0.7));
    assert_eq!(after.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (name, after) in &after {
        // The affine parameters of the last BatchNorm are not trained.
        let averaged = !name.contains("running") && !name.starts_with("layers.1.norm");
        for ((t, s), after) in before[name].iter().zip(&theirs[name]).zip(after) {
            let expected = if averaged { 0.7 * t + 0.3 * s } else { *t };
            assert!((after - expected).abs() < 1e-6, "{name}: {after}, {expected}");
        }
    }
}

#[test]
fn it_is_unchanged_by_evaluation_mode_and_back() {
    let student = student();
    let copy = Ema::new(&student).valid().train();
    let out = copy.forward(tensor(&values(15, 1), 3, &Device::flex().autodiff()));
    assert!(!out.is_require_grad());
    assert_eq!(state(&*copy.follow(&student, 0.5)).len(), state(&student).len());
}

#[test]
#[should_panic(expected = "no parameter of the student requires a gradient")]
fn a_student_without_trainable_parameters_panics() {
    let student = student().valid();
    let _ = Ema::new(&student).follow(&student, 0.9);
}
