use std::collections::VecDeque;
use std::ops::Deref;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};
use sempairs_kernels::moving_averages;

/// A momentum encoder: a network whose parameters are the exponential moving average of those of
/// another network, the student. It gets no gradient.
///
/// Its parameters have their own [`ParamId`]s, so an optimiser never mistakes them for the
/// student's. Only parameters are averaged, as in the authors' code of MoCo (arXiv 2003.04297),
/// BYOL (arXiv 2006.07733) and DINO (arXiv 2104.14294): running statistics of BatchNorm are those
/// of the batches that the momentum encoder processes itself. For inputs on an autodiff device it
/// is in training mode, so BatchNorm uses the statistics of the batch.
///
/// A module must declare the student before its momentum encoder. Dereferencing gives the network
/// inside: `self.teacher.forward(images)`.
#[derive(Module, Debug)]
pub struct Ema<M: Module> {
    network: M,
}

impl<M: Module> Ema<M> {
    /// A momentum encoder with the student's present parameters.
    pub fn new(student: &M) -> Self {
        // A clone would share the running statistics; `valid` copies them.
        let network = student.valid().no_grad().map(&mut FreshIds);
        let trains = student.devices().first().is_some_and(Device::is_autodiff);
        Self { network: if trains { network.train() } else { network } }
    }

    /// The momentum encoder after a step: each parameter becomes `m t + (1 - m) s`, with `t` its
    /// value, `s` the student's and `m` the momentum. Parameters that are frozen in the student do
    /// not change.
    ///
    /// # Panics
    ///
    /// If no parameter of the student requires a gradient, as on a device without autodiff, or if
    /// the student has a different architecture.
    pub fn follow(self, student: &M, momentum: f64) -> Self {
        let [theirs, ours] = [student, &self.network].map(|network| {
            let mut collected = Collect(Vec::new());
            network.visit(&mut collected);
            collected.0
        });
        assert_eq!(
            theirs.len(),
            ours.len(),
            "momentum encoder and student must have the same architecture"
        );
        assert!(
            theirs.iter().any(|(trained, _)| *trained),
            "no parameter of the student requires a gradient"
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

/// Collects all parameters and running statistics, detached and flattened, in the order of the
/// module, and whether each requires a gradient.
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

/// The new value of each parameter, in the order of the module; `None` for those that do not
/// change.
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
