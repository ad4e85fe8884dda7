use std::collections::VecDeque;
use std::ops::Deref;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};
use sempairs_kernels::moving_averages;

/// A momentum copy: a network whose parameters are the moving average of another's, the student's. It gets
/// no gradient.
///
/// Its parameters have identities of their own, so an optimiser never takes one for the student's, and its
/// BatchNorm statistics are its own, gathered from the batches that it sees itself: only parameters are
/// averaged, as in the authors' code of MoCo (arXiv 2003.04297), BYOL (arXiv 2006.07733) and DINO
/// (arXiv 2104.14294). It trains along, that is normalises by the statistics of the batch, for inputs on an
/// autodiff device.
///
/// A module declares the student before its copy. The network inside is reached by dereferencing:
/// `self.teacher.forward(images)`.
#[derive(Module, Debug)]
pub struct Ema<M: Module> {
    network: M,
}

impl<M: Module> Ema<M> {
    /// A copy of the student as it is now.
    pub fn new(student: &M) -> Self {
        // A clone would share the running statistics; `valid` makes fresh ones.
        let network = student.valid().no_grad().map(&mut FreshIds);
        let trains = student.devices().first().is_some_and(Device::is_autodiff);
        Self { network: if trains { network.train() } else { network } }
    }

    /// The copy a step later: each parameter is `m t + (1 - m) s`, with `t` its value, `s` the student's and
    /// `m` the momentum. Parameters that the student does not train stay as they are.
    ///
    /// # Panics
    ///
    /// If nothing in the student requires a gradient, as on a device without autodiff, or the student is
    /// another kind of network.
    pub fn follow(self, student: &M, momentum: f64) -> Self {
        let [theirs, ours] = [student, &self.network].map(|network| {
            let mut collected = Collect(Vec::new());
            network.visit(&mut collected);
            collected.0
        });
        assert_eq!(theirs.len(), ours.len(), "a momentum copy is built like its student");
        assert!(
            theirs.iter().any(|(trained, _)| *trained),
            "a momentum copy follows a student in training"
        );
        let trained: Vec<bool> = theirs.iter().map(|(trained, _)| *trained).collect();
        let of_trained = |all: Vec<(bool, Tensor<1>)>| {
            all.into_iter()
                .zip(&trained)
                .filter(|(_, trained)| **trained)
                .map(|it| it.0.1)
                .collect()
        };
        let averages = moving_averages(of_trained(ours), of_trained(theirs), momentum);
        let mut averages = averages.into_iter();
        let next =
            trained.iter().map(|trained| trained.then(|| averages.next()).flatten()).collect();
        Self { network: self.network.map(&mut Follow { next }) }
    }
}

impl<M: Module> Deref for Ema<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.network
    }
}

struct FreshIds;

impl ModuleMapper for FreshIds {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(ParamId::new(), value, mapper)
    }
}

/// The values of all that a visitor meets, running statistics too, outside the graph and in the order of the module, and
/// whether each is a parameter in training.
struct Collect(Vec<(bool, Tensor<1>)>);

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let count: usize = value.dims().iter().product();
        let trained = value.is_require_grad();
        let value = if value.is_autodiff() { value.inner() } else { value };
        self.0.push((trained, value.reshape([count])));
    }
}

/// What each value becomes, in the order of the module; `None` for those that stay as they are.
struct Follow {
    next: VecDeque<Option<Tensor<1>>>,
}

impl ModuleMapper for Follow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.next.pop_front().expect("a value for each that was collected") {
            None => param,
            Some(average) => param.map(|value| {
                let average = average.reshape(value.dims());
                if value.is_autodiff() { Tensor::from_inner(average) } else { average }
            }),
        }
    }
}
