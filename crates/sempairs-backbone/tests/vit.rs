//! Vision transformers compared with timm, and properties of their attention.

mod support;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use sempairs_backbone::vit::{DropPath, resample_positions};
use sempairs_backbone::{Backbone, VisionTransformer, VisionTransformerConfig};
use sempairs_testing::Reference;
use support::{Gradients, bounds, closed_form, device, tensors};

fn tiny() -> VisionTransformerConfig {
    let drop_path = DropPath::default();
    VisionTransformerConfig { patch: 8, size: 32, dim: 24, depth: 3, heads: 3, drop_path }
}

fn pictures(size: [usize; 2]) -> Tensor<4> {
    let [height, width] = size;
    let values = (0..6 * height * width).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<_>>();
    Tensor::<1>::from_floats(values.as_slice(), &Device::flex()).reshape([2, 3, height, width])
}

fn network(config: VisionTransformerConfig) -> VisionTransformer {
    config.init_seeded(&Device::flex(), 3)
}

#[test]
fn small_transformers_agree_with_the_reference() {
    for size in [32, 64] {
        let reference = Reference::read(&format!("backbones/vit_small_patch8_{size}.safetensors"));
        let device = device();
        let network = closed_form(VisionTransformerConfig::small(8, size).init(&device));
        let input: Tensor<4> = reference.tensor("input", &device);
        let features = network.forward(input.clone());
        assert!(reference.difference("cls", features) < bounds().features, "{size}");
        let tokens = network.tokens(input);
        assert!(reference.difference("tokens", tokens) < bounds().features, "{size}");
    }
}

#[test]
fn parameters_have_the_names_and_sizes_of_the_reference() {
    let text = std::fs::read_to_string(Reference::path("backbones/vit_small_patch8_64.keys.json"));
    let keys: std::collections::BTreeMap<String, Vec<usize>> =
        serde_json::from_str(&text.unwrap()).unwrap();
    let network = VisionTransformerConfig::small(8, 64).init(&Device::flex());
    let counts = |shape: &Vec<usize>| shape.iter().product::<usize>();
    let expected: Vec<(&String, usize)> = keys.iter().map(|(k, v)| (k, counts(v))).collect();
    let found = tensors(&network);
    let found: Vec<(&String, usize)> = found.iter().map(|(k, v)| (k, v.len())).collect();
    assert_eq!(found, expected);
}

#[test]
fn resampled_positions_agree_with_the_reference() {
    let reference = Reference::read("backbones/pos_embed_28_to_8.safetensors");
    let device = device();
    let positions: Tensor<3> = reference.tensor("pos", &device);
    let small = resample_positions(positions, [8, 8]);
    assert!(reference.difference("resampled", small) < bounds().features);
}

#[test]
fn images_of_other_sizes_have_one_token_per_patch() {
    let network = network(tiny());
    for (size, patches) in [([32, 32], 16), ([64, 40], 40), ([8, 24], 3)] {
        let tokens = network.tokens(pictures(size));
        assert_eq!(tokens.dims(), [2, 1 + patches, 24]);
        let class: Vec<f32> = tokens.narrow(1, 0, 1).into_data().iter().collect();
        let features: Vec<f32> = network.forward(pictures(size)).into_data().iter().collect();
        for (a, b) in class.iter().zip(&features) {
            assert!((a - b).abs() < 1e-5, "{size:?}");
        }
    }
}

#[test]
fn the_last_class_tokens_end_with_the_features() {
    let network = network(tiny());
    let both = network.class_tokens(pictures([32, 32]), 2);
    assert_eq!(both.dims(), [2, 48]);
    let last: Vec<f32> = both.clone().narrow(1, 24, 24).into_data().iter().collect();
    let features: Vec<f32> = network.forward(pictures([32, 32])).into_data().iter().collect();
    assert!(last.iter().zip(&features).all(|(a, b)| (a - b).abs() < 1e-5));
    let before: Vec<f32> = both.narrow(1, 0, 24).into_data().iter().collect();
    assert!(before.iter().zip(&features).any(|(a, b)| (a - b).abs() > 1e-2));
}

#[test]
fn attention_weights_to_the_patches_sum_to_less_than_one() {
    let network = network(tiny());
    let attention = network.last_attention(pictures([32, 40]));
    assert_eq!(attention.dims(), [2, 3, 4, 5]);
    let data = attention.clone().into_data();
    assert!(data.iter::<f32>().all(|a| a > 0.0));
    let sums = attention.reshape([6, 20]).sum_dim(1).into_data();
    // With 21 tokens and small weights, about 1/21 goes to the class token itself.
    assert!(sums.iter::<f32>().all(|sum| (0.8..1.0).contains(&sum)), "{sums:?}");
}

#[test]
fn gradients_reach_every_layer() {
    let device = Device::flex().autodiff();
    let network = tiny().init_seeded(&device, 0).train();
    let images = Tensor::from_data(pictures([32, 32]).into_data(), &device);
    let gradients = network.forward(images).square().sum().backward();
    let flow = |values: Tensor<1>| {
        let values: Vec<f32> = values.into_data().iter().collect();
        values.iter().all(|g| g.is_finite()) && values.iter().any(|&g| g != 0.0)
    };
    for name in ["cls_token", "pos_embed"] {
        let gradient: Tensor<3> = Gradients::of(&network, &gradients, name);
        assert!(flow(gradient.reshape([-1])), "{name}");
    }
    let gradient: Tensor<4> = Gradients::of(&network, &gradients, "patch_embed.proj.weight");
    assert!(flow(gradient.reshape([-1])));
    for block in 0..3 {
        for layer in ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"] {
            let name = format!("blocks.{block}.{layer}.weight");
            let gradient: Tensor<2> = Gradients::of(&network, &gradients, &name);
            assert!(flow(gradient.reshape([-1])), "{name}");
        }
        for layer in ["norm1", "norm2"] {
            let name = format!("blocks.{block}.{layer}.weight");
            let gradient: Tensor<1> = Gradients::of(&network, &gradients, &name);
            assert!(flow(gradient), "{name}");
        }
    }
}

#[test]
fn seeded_weights_have_the_distributions_of_dino() {
    let network = VisionTransformerConfig::small(8, 64).init_seeded(&Device::flex(), 1);
    let weights = tensors(&network);
    let std = |name: &str| {
        let values = &weights[name];
        (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt()
    };
    for name in ["pos_embed", "blocks.3.attn.qkv.weight", "blocks.7.mlp.fc2.weight"] {
        assert!((std(name) - 0.02).abs() < 1e-3, "{name}: {}", std(name));
    }
    assert!(weights["blocks.3.attn.qkv.bias"].iter().all(|&v| v == 0.0));
    assert!(weights["blocks.3.norm1.weight"].iter().all(|&v| v == 1.0));
    // U(-b, b) has the standard deviation b / sqrt(3).
    let bound = 1.0 / (3.0 * 64.0f32).sqrt();
    assert!((std("patch_embed.proj.weight") - bound / 3f32.sqrt()).abs() < 2e-3);
    let other = tensors(&VisionTransformerConfig::small(8, 64).init_seeded(&Device::flex(), 2));
    assert!(weights["cls_token"] != other["cls_token"]);
}

#[test]
fn stochastic_depth_depends_on_the_draw_and_is_off_in_evaluation() {
    let values = |x: Tensor<2>| x.into_data().try_to_vec::<f32>().unwrap();
    let pictures = pictures([32, 32]);
    let plain = network(tiny());
    let whole = values(plain.forward(pictures.clone()));
    assert_eq!(values(plain.forward_dropping(pictures.clone(), 1)), whole);

    let drops = network(VisionTransformerConfig { drop_path: DropPath(0.5), ..tiny() });
    assert_eq!(values(drops.forward(pictures.clone())), whole, "nothing is dropped in evaluation");
    let drawn = |draw| values(drops.forward_dropping(pictures.clone(), draw));
    assert_eq!(drawn(1), drawn(1));
    let others = (2..40).filter(|draw| drawn(*draw) != drawn(1)).count();
    assert!(others > 20, "{others} of 38 draws differ from the first");

    // With a single block, the rate is that of the first block: zero.
    let single = VisionTransformerConfig { depth: 1, drop_path: DropPath(0.9), ..tiny() };
    let single = network(single);
    let whole = values(single.forward(pictures.clone()));
    assert_eq!(values(single.forward_dropping(pictures.clone(), 1)), whole);
}

#[test]
fn kept_branches_are_divided_by_the_probability_of_keeping_them() {
    // In the second block, all projections are set to zero except a bias in the MLP. At a rate of
    // one half, each image then gets twice this bias or none of it.
    let mut network =
        network(VisionTransformerConfig { depth: 2, drop_path: DropPath(0.5), ..tiny() });
    let zero = |param: &mut burn::module::Param<Tensor<2>>| {
        *param = param.clone().map(|x| x.zeros_like());
    };
    zero(&mut network.blocks_mut()[1].attn.proj.weight);
    zero(&mut network.blocks_mut()[1].mlp.fc2.weight);
    let bias = network.blocks_mut()[1].mlp.fc2.bias.as_mut().unwrap();
    *bias = bias.clone().map(|x| Tensor::arange(0..24, &x.device()).float());
    let pictures = pictures([32, 32]);
    let plain = network.forward(pictures.clone()).into_data().try_to_vec::<f32>().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for draw in 0..32 {
        let x = network.forward_dropping(pictures.clone(), draw);
        let x = x.into_data().try_to_vec::<f32>().unwrap();
        for (picture, plain) in x.chunks(24).zip(plain.chunks(24)) {
            assert!(picture != plain, "a branch is dropped or doubled, never unchanged");
            seen.insert(picture.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
        }
    }
    assert_eq!(seen.len(), 4, "two images, each with the branch or without");
}
