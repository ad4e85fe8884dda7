use std::any::Any;
use std::collections::VecDeque;
use std::ops::Deref;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};

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
        let mut collected = Collect(VecDeque::new());
        student.visit(&mut collected);
        assert!(
            collected.0.iter().any(Option::is_some),
            "a momentum copy follows a student in training"
        );
        let mut follow = Follow { student: collected.0, momentum };
        let network = self.network.map(&mut follow);
        assert!(follow.student.is_empty(), "a momentum copy is built like its student");
        Self { network }
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

/// The values of the parameters that are trained, outside the graph, in the order of the module; `None` for
/// all else that a visitor meets, such as running statistics.
struct Collect(VecDeque<Option<Box<dyn Any>>>);

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        self.0.push_back(value.is_require_grad().then(|| Box::new(value.inner()) as Box<dyn Any>));
    }
}

struct Follow {
    student: VecDeque<Option<Box<dyn Any>>>,
    momentum: f64,
}

impl ModuleMapper for Follow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let student = self.student.pop_front().expect("a momentum copy is built like its student");
        let Some(student) = student else { return param };
        let student = *student.downcast::<Tensor<D>>().expect("the student's parameter has a rank");
        param.map(|value| {
            let average = value.inner() * self.momentum + student * (1.0 - self.momentum);
            Tensor::from_inner(average)
        })
    }
}
