//! Matrix products in bfloat16: results close to those in f32, with weights, gradients and features
//! in f32.

mod support;

use burn::module::{ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{DType, Device, Tensor};
use sempairs_backbone::vit::DropPath;
use sempairs_backbone::{Backbone, ResNetConfig, VisionTransformerConfig};
use support::device;

/// Checks that every parameter and its gradient are f32, and counts the gradients.
struct Single<'a>(&'a GradientsParams, usize);

impl ModuleVisitor for Single<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        assert_eq!(param.val().dtype(), DType::F32);
        if let Some(gradient) = self.0.get::<D>(param.id) {
            assert_eq!(gradient.dtype(), DType::F32);
            self.1 += 1;
        }
    }
}

/// Makes a training step and returns its loss.
fn learn<B: Backbone>(
    network: B,
    images: Tensor<4>,
    optimizer: &mut ModuleOptimizer,
    rate: f64,
) -> (f32, B) {
    let features = network.forward(images);
    assert_eq!(features.dtype(), DType::F32);
    let [n, d] = features.dims();
    // The two halves of the batch have different targets: a loss that any network can reduce.
    let signs: Vec<f32> = (0..n * d).map(|i| if i / d < n / 2 { 0.5 } else { -0.5 }).collect();
    let wanted = Tensor::<1>::from_floats(signs.as_slice(), &features.device()).reshape([n, d]);
    let loss = (features - wanted).square().mean();
    let value = loss.clone().into_scalar::<f32>();
    let gradients = GradientsParams::from_grads(loss.backward(), &network);
    let mut seen = Single(&gradients, 0);
    network.visit(&mut seen);
    assert!(seen.1 > 10, "{} gradients", seen.1);
    (value, optimizer.step(rate, network, gradients))
}

/// Eight images of waves, each with its own wavelength.
fn pictures(device: &Device) -> Tensor<4> {
    let wave = |i: usize| ((i % 768) as f32 * (0.21 + 0.13 * (i / 768) as f32)).sin();
    let values: Vec<f32> = (0..8 * 768).map(wave).collect();
    Tensor::<1>::from_floats(values.as_slice(), device).reshape([8, 3, 16, 16])
}

fn follows<B: Backbone>(network: B, images: Tensor<4>, rate: f64) {
    let reduced = images.clone().cast(DType::BF16);
    let [single, half] = [images.clone(), reduced.clone()].map(|images| {
        let features = network.valid().forward(images.inner());
        features.into_data().try_to_vec::<f32>().unwrap()
    });
    let largest = single.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    let apart = single.iter().zip(&half).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
    // bfloat16 has eight significant bits; some difference shows that it was used.
    assert!(apart < 0.05 * largest && apart > 1e-5 * largest, "{apart} of {largest}");

    let curve = |images: Tensor<4>| {
        let mut optimizer = SgdConfig::new().init();
        let mut network = network.clone();
        let mut losses = Vec::new();
        for _ in 0..12 {
            let loss;
            (loss, network) = learn(network, images.clone(), &mut optimizer, rate);
            losses.push(loss);
        }
        losses
    };
    let (single, half) = (curve(images), curve(reduced));
    assert!(single[11] < 0.8 * single[0], "{single:?}");
    for (step, (a, b)) in single.iter().zip(&half).enumerate() {
        assert!(
            (a - b).abs() < 0.1 * single[0],
            "step {step}: {a} and {b}, of {single:?} {half:?}"
        );
    }
}

#[test]
fn a_residual_network_learns_equally_well_in_bfloat16() {
    let device = device().autodiff();
    let config = ResNetConfig { widths: [8, 8, 16, 16], ..ResNetConfig::resnet10_narrow() };
    let images = pictures(&device);
    follows(config.init_seeded(&device, 0), images, 0.02);
}

#[test]
fn a_transformer_learns_equally_well_in_bfloat16() {
    let device = device().autodiff();
    let config = VisionTransformerConfig {
        patch: 8,
        size: 16,
        dim: 32,
        depth: 2,
        heads: 2,
        drop_path: DropPath::default(),
    };
    let images = pictures(&device);
    follows(config.init_seeded(&device, 0), images, 0.1);
}
