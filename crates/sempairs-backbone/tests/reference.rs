//! The networks against torchvision's.

mod support;

use burn::module::Module;
use burn::tensor::Tensor;
use sempairs_backbone::{Backbone, ResNetConfig};
use support::{Gradients, Reference, bounds, closed_form, device, tensors};

/// Features, gradients and running statistics against those of torchvision's `name`, whose last
/// convolution is `last`; `trained` is how many times as far features may be in training as in evaluation.
fn agrees_with_torchvision(name: &str, config: ResNetConfig, last: &str, trained: f32) {
    let reference = Reference::read(&format!("backbones/{name}.safetensors"));
    let device = device().autodiff();
    let bounds = bounds();

    let backbone = closed_form(config.init(&device));
    let trained_on: Tensor<4> = reference.tensor("input", &device);

    let inferred = backbone.valid().forward(trained_on.clone().inner());
    assert!(reference.difference("eval_features", inferred) < bounds.features);

    let output = backbone.forward(trained_on.clone());
    let apart = reference.difference("train_features", output.clone().inner());
    assert!(apart < trained * bounds.features);
    let found = output.powi_scalar(2).mean().backward();
    // The first layer's gradient has come through every rectifier and a normalisation over 32 values.
    // Where an activation is zero within rounding, the rounding decides whether its gradient passes:
    // PyTorch in double precision is 0.8 % (ResNet-18) and 1.3 % (ResNet-50) of the largest value
    // from PyTorch in single precision on the project's own copy. So its direction and its length are
    // what is held.
    let first: Tensor<4> = Gradients::of(&backbone, &found, "conv1.weight");
    assert!(reference.cosine_distance("grad.conv1.weight", first.clone()) < bounds.angle);
    assert!((reference.relative_length("grad.conv1.weight", first) - 1.0).abs() < 0.1);
    let rows: Tensor<4> = Gradients::of(&backbone, &found, last);
    let rows = rows.narrow(0, 0, 8);
    assert!(reference.difference(&format!("grad.{last}.rows0_8"), rows) < bounds.gradients);

    // The second pass.
    backbone.forward(trained_on);
    let after = tensors(&backbone);
    for statistic in ["running_mean", "running_var"] {
        let values = after[&format!("bn1.{statistic}")].as_slice();
        let found = Tensor::<1>::from_floats(values, &burn::tensor::Device::flex());
        let name = format!("{statistic}.bn1.after_two_train_passes");
        assert!(reference.difference(&name, found) < bounds.statistics);
    }
}

#[test]
fn resnet18_agrees_with_the_reference() {
    agrees_with_torchvision("resnet18", ResNetConfig::resnet18(), "layer4.1.conv2.weight", 1.0);
}

#[test]
fn resnet50_agrees_with_the_reference() {
    // Three times as many normalisations over few values: two backends that are each within 0.7e-4 of
    // double precision, as PyTorch is, may be this far apart.
    agrees_with_torchvision("resnet50", ResNetConfig::resnet50(), "layer4.2.conv3.weight", 2.0);
}
