//! Properties of the networks that do not need reference values of torchvision.

mod support;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Distribution, Tensor};
use sempairs_backbone::{
    Architecture, Backbone, BackboneConfig, BatchNormConfig, InitialFilters, ResNetConfig, Stem,
    seed_parameters,
};
use support::{device, tensors};

#[test]
fn stems_reduce_the_resolution_as_documented() {
    for (stem, size) in [(Stem::Imagenet, 2), (Stem::Small, 8), (Stem::Strided, 4)] {
        let config = ResNetConfig { stem, widths: [4, 4, 8, 16], ..ResNetConfig::resnet18() };
        let backbone = config.init_seeded(&device(), 0);
        let images = Tensor::zeros([2, 3, 64, 64], &device());
        assert_eq!(backbone.forward_map(images.clone()).dims(), [2, 16, size, size]);
        assert_eq!(backbone.forward(images).dims(), [2, backbone.features()]);
    }
}

#[test]
fn the_narrow_network_has_downsamples_only_where_needed() {
    let backbone = ResNetConfig::resnet10_narrow().init(&device());
    let names = tensors(&backbone);
    let shortcuts: Vec<_> =
        names.keys().filter(|name| name.ends_with("downsample.0.weight")).collect();
    assert_eq!(
        shortcuts,
        ["2", "3", "4"]
            .map(|s| format!("layer{s}.0.downsample.0.weight"))
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(backbone.features(), 512);
}

#[test]
fn all_weights_depend_only_on_the_seed() {
    let config = BackboneConfig::new(Architecture::Resnet10Narrow);
    device().seed(1);
    let first = tensors(&config.init_seeded(&device(), 7));
    device().seed(2);
    assert_eq!(first, tensors(&config.init_seeded(&device().autodiff(), 7)));
    assert_ne!(first, tensors(&config.init_seeded(&device(), 8)));
    // N(0, 2 / fan_out), up to a few standard errors.
    let weight = &first["layer4.0.conv2.weight"];
    let count = weight.len() as f64;
    let mean = weight.iter().map(|&w| f64::from(w)).sum::<f64>() / count;
    let variance = weight.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / count;
    let expected = 2.0 / (512.0 * 9.0);
    assert!(mean.abs() < 5.0 * (expected / count).sqrt());
    assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / count).sqrt());
}

#[test]
fn initial_filters_can_have_the_distribution_of_torch() {
    let config = BackboneConfig {
        initial_filters: InitialFilters::Torch,
        ..BackboneConfig::new(Architecture::Resnet10Narrow)
    };
    let drawn = tensors(&config.init_seeded(&device(), 7));
    for (name, inputs) in [("conv1", 3), ("layer2.0.conv1", 32), ("layer4.0.conv2", 512)] {
        let bound = (f64::from(inputs) * 9.0).sqrt().recip() as f32;
        let largest = drawn[&format!("{name}.weight")].iter().fold(0.0_f32, |m, w| m.max(w.abs()));
        assert!(largest <= bound && largest > 0.98 * bound, "{name}: {largest} of {bound}");
    }
}

#[test]
fn seeded_linear_layers_are_reproducible_and_within_their_bounds() {
    let layer = || LinearConfig::new(16, 64).init(&device());
    let seeded: Linear = seed_parameters(layer(), 3);
    let values = tensors(&seeded);
    assert_eq!(values, tensors(&seed_parameters(layer(), 3)));
    for name in ["weight", "bias"] {
        let largest = values[name].iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert!(largest <= 0.25 && largest > 0.2, "{name}: {largest}");
    }
}

#[test]
fn seeded_parameters_have_gradients() {
    let device = device().autodiff();
    let backbone = ResNetConfig::resnet10_narrow().init_seeded(&device, 0);
    let images = Tensor::random([2, 3, 32, 32], Distribution::Default, &device);
    let gradients = backbone.forward(images).sum().backward();
    let first: Tensor<4> = support::Gradients::of(&backbone, &gradients, "conv1.weight");
    assert!(first.abs().max().into_scalar::<f32>() > 0.0);
}

#[test]
fn blocks_with_zero_last_norms_start_as_their_shortcuts() {
    let plain = ResNetConfig { widths: [4, 4, 4, 4], ..ResNetConfig::resnet18() };
    let zeroed = ResNetConfig { zero_init_last: true, ..plain };
    let last =
        |config: ResNetConfig| tensors(&config.init(&device()))["layer1.1.bn2.weight"].clone();
    assert_eq!(last(plain), [1.0; 4]);
    assert_eq!(last(zeroed), [0.0; 4]);
}

#[test]
fn running_statistics_are_unbiased_and_up_to_date() {
    let device = device().autodiff();
    let norm = BatchNormConfig::new(1).init(&device);
    norm.forward(Tensor::<2>::from_floats([[1.0], [3.0]], &device));
    let after = tensors(&norm);
    // 0.9 + 0.1 * 2, where 2 is the unbiased variance of 1 and 3.
    assert!((after["running_var"][0] - 1.1).abs() < 1e-6, "{after:?}");
    assert!((after["running_mean"][0] - 0.2).abs() < 1e-6, "{after:?}");
    // A record loaded into a new module gives the same state.
    let resumed = BatchNormConfig::new(1).init(&device).load_record(norm.clone().into_record());
    assert_eq!(tensors(&resumed), after);
    let next = || Tensor::<2>::from_floats([[0.3], [-5.0]], &device);
    norm.forward(next());
    resumed.forward(next());
    assert_eq!(tensors(&resumed), tensors(&norm));
}

#[test]
fn valid_copies_do_not_share_or_update_running_statistics() {
    let device = device().autodiff();
    let norm = BatchNormConfig::new(2).init(&device);
    let copy = norm.valid().train();
    norm.forward(Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 5.0]], &device));
    assert_eq!(tensors(&copy)["running_mean"], [0.0, 0.0]);
    let inferred = norm.valid();
    let before = tensors(&inferred);
    inferred.forward(Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 9.0]], &device));
    assert_eq!(tensors(&inferred), before);
}

#[test]
fn a_misspelt_key_is_an_error_that_names_it() {
    let error = toml::from_str::<BackboneConfig>("name = 'resnet18'\nzero_init_lst = true");
    assert!(error.unwrap_err().to_string().contains("zero_init_lst"));
    assert!(toml::from_str::<BackboneConfig>("name = 'resnet34'").is_err());
}
