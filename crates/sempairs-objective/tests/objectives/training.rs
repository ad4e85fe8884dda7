//! Small methods on small pictures, shared by the tests of training.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor, TensorData};
use sempairs_backbone::{ResNet, ResNetConfig};
use sempairs_objective::*;

use super::oracle::{host, values};

pub const BATCH: usize = 8;
pub const CLOCK: Clock = Clock { step: 0, steps_per_epoch: 3, steps: 12 };

/// All parameters and running statistics by name.
pub fn state<M: Module>(module: &M) -> BTreeMap<String, Vec<f32>> {
    named(module, |_| true)
}

/// All trainable parameters by name.
pub fn trained<M: Module>(module: &M) -> BTreeMap<String, Vec<f32>> {
    named(module, |tracked| tracked)
}

fn named<M: Module>(module: &M, keep: fn(bool) -> bool) -> BTreeMap<String, Vec<f32>> {
    struct Named(Vec<String>, BTreeMap<String, Vec<f32>>, fn(bool) -> bool);
    impl ModuleVisitor for Named {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.0.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.0.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if (self.2)(param.is_require_grad()) {
                self.1.insert(self.0.join("."), host(param.val()));
            }
        }
    }
    let mut visitor = Named(Vec::new(), BTreeMap::new(), keep);
    module.visit(&mut visitor);
    visitor.1
}

pub fn backbone() -> ResNet {
    let config = ResNetConfig { widths: [4, 4, 8, 8], ..ResNetConfig::resnet10_narrow() };
    config.init_seeded(&Device::flex(), 1)
}

pub fn pictures(size: usize, seed: usize) -> Tensor<4> {
    let values = values(BATCH * 3 * size * size, seed);
    let data = TensorData::new(values, [BATCH, 3, size, size]);
    Tensor::from_data(data, &Device::flex().autodiff())
}

/// The views of a step, as a loader would return them.
pub fn views(step: usize, locals: usize) -> Views {
    Views::pair(pictures(16, 100 * step + 1), pictures(16, 100 * step + 2))
        .with_locals((0..locals).map(|i| pictures(8, 100 * step + 3 + i)).collect())
        .with_classes((0..BATCH as u32).map(|i| i / 2).collect())
}

pub fn train<M: Method>(
    mut method: M,
    steps: std::ops::Range<usize>,
    locals: usize,
) -> (M, Vec<f32>) {
    // Without momentum the optimiser has no state: the method contains all of it.
    let mut optimizer = SgdConfig::new().init();
    let mut losses = Vec::new();
    for step in steps {
        let clock = CLOCK.at(step);
        let loss = method.loss(views(step, locals), clock);
        for (name, scalar) in &loss.scalars {
            assert!(scalar.clone().into_scalar::<f32>().is_finite(), "{name}");
        }
        assert_eq!(loss.embeddings.dims()[0] % BATCH, 0);
        losses.push(loss.value.clone().into_scalar::<f32>());
        let mut gradients = GradientsParams::from_grads(loss.value.backward(), &method);
        method.mask(&mut gradients, clock);
        method = optimizer.step(0.05, method, gradients).after_step(clock);
    }
    assert!(losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
    (method, losses)
}

pub fn head(output: usize, norm: HeadNorm) -> ProjectorConfig {
    ProjectorConfig::new([12], output, norm)
}

pub fn moco(batch_norm: BatchSplit) -> MoCoConfig {
    MoCoConfig {
        queue: 16,
        momentum: Schedule::Constant { value: 0.9 },
        batch_norm,
        projector: head(6, HeadNorm::None),
        ..MoCoConfig::paper()
    }
}

pub fn swav() -> SwavConfig {
    SwavConfig {
        prototypes: 10,
        freeze_steps: 2,
        // Filled in steps 3 and 4, used from step 5 on.
        queue: Some(SwavQueue { size: 16, from_epoch: 1 }),
        projector: head(6, HeadNorm::Hidden),
        ..SwavConfig::paper()
    }
}

pub fn dino(fixed_lengths: bool) -> DinoConfig {
    let projector = ProjectorConfig { activation: Activation::Gelu, ..head(6, HeadNorm::None) };
    DinoConfig {
        prototypes: 10,
        momentum: Schedule::Cosine { start: 0.9, end: 1.0 },
        fixed_lengths,
        projector,
        ..DinoConfig::paper()
    }
}
