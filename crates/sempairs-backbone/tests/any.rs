//! Backbones chosen at run time: same weights and parameter names as the concrete networks.

mod support;

use burn::module::Module;
use burn::tensor::Tensor;
use sempairs_backbone::weights::{LoadOptions, Prefix, load, save};
use sempairs_backbone::{
    AnyBackbone, Architecture, Backbone, BackboneConfig, NetworkConfig, VisionTransformerConfig,
};
use support::{device, tensors};
use tempfile::TempDir;

fn residual() -> BackboneConfig {
    BackboneConfig {
        widths: Some([4, 4, 8, 8]),
        ..BackboneConfig::new(Architecture::Resnet10Narrow)
    }
}

fn transformer() -> BackboneConfig {
    BackboneConfig {
        dim: Some(24),
        depth: Some(2),
        heads: Some(3),
        ..BackboneConfig::transformer(Architecture::VitTiny, 8, 32)
    }
}

#[test]
fn names_weights_and_features_are_those_of_the_concrete_network() {
    let device = device();
    let images = Tensor::<4>::ones([2, 3, 32, 32], &device);
    let values = |x: Tensor<2>| x.into_data().iter::<f32>().collect::<Vec<f32>>();
    let NetworkConfig::Residual(config) = residual().network() else { panic!("no ResNet") };
    let (any, plain) = (residual().init_seeded(&device, 3), config.init_seeded(&device, 3));
    assert!(any.transformer().is_none());
    assert_eq!(any.features(), plain.features());
    assert_eq!(
        values(any.valid().forward(images.clone())),
        values(plain.valid().forward(images.clone()))
    );

    let NetworkConfig::Transformer(config) = transformer().network() else { panic!("no ViT") };
    let tiny = VisionTransformerConfig::tiny(8, 32);
    assert_eq!(config, VisionTransformerConfig { dim: 24, depth: 2, ..tiny });
    let (any, plain) = (transformer().init_seeded(&device, 3), config.init_seeded(&device, 3));
    assert!(any.transformer().is_some());
    assert_eq!((any.features(), plain.features()), (24, 24));
    assert_eq!(values(any.forward(images.clone())), values(plain.forward(images)));

    let folder = TempDir::new().unwrap();
    for (name, any, plain) in [
        ("r", residual().init_seeded(&device, 5), residual().init(&device)),
        ("t", transformer().init_seeded(&device, 5), transformer().init(&device)),
    ] {
        for ending in ["safetensors", "pth"] {
            let path = folder.path().join(format!("{name}.{ending}"));
            save(&any, &path).unwrap();
            let loaded = load(plain.clone(), &path, &LoadOptions::default()).unwrap();
            assert_eq!(tensors(&loaded), tensors(&any), "{name}.{ending}");
        }
    }
    // A file of the concrete network can be loaded into the enum, and vice versa.
    let path = folder.path().join("r.safetensors");
    let NetworkConfig::Residual(config) = residual().network() else { panic!("no ResNet") };
    let loaded = load(config.init(&device), &path, &LoadOptions::default()).unwrap();
    let values = |network: &AnyBackbone| tensors(network).into_values().collect::<Vec<_>>();
    assert_eq!(
        tensors(&loaded).into_values().collect::<Vec<_>>(),
        values(&residual().init_seeded(&device, 5))
    );
}

/// DINO's checkpoints contain a student with the prefix `module.` and a teacher, each with a head.
#[test]
fn the_teacher_of_a_dino_checkpoint_is_loaded() {
    let folder = TempDir::new().unwrap();
    let device = device();
    let file = |seed: u64| {
        let path = folder.path().join(format!("{seed}.safetensors"));
        save(&transformer().init_seeded(&device, seed), &path).unwrap();
        std::fs::read(&path).unwrap()
    };
    let (student, teacher) = (file(1), file(2));
    for student_prefix in ["student.module.backbone.", "student.backbone."] {
        let mut all = Vec::new();
        for (prefix, bytes) in [(student_prefix, &student), ("teacher.backbone.", &teacher)] {
            let read = safetensors::SafeTensors::deserialize(bytes).unwrap();
            all.extend(read.iter().map(|(name, view)| (format!("{prefix}{name}"), view)));
            let head = read.tensor("norm.weight").unwrap();
            all.push((prefix.replace("backbone", "head") + "last_layer.weight_v", head));
        }
        let path = folder.path().join("checkpoint.safetensors");
        std::fs::write(&path, safetensors::serialize(all, None).unwrap()).unwrap();
        let options = LoadOptions { prefix: Prefix::Common };
        let loaded = load(transformer().init(&device), &path, &options).unwrap();
        assert_eq!(tensors(&loaded), tensors(&transformer().init_seeded(&device, 2)));
    }
}

#[test]
fn options_of_other_architectures_are_rejected() {
    let wrong = |config: BackboneConfig| config.check().unwrap_err().to_string();
    assert!(residual().check().is_ok() && transformer().check().is_ok());
    for (config, key) in [
        (BackboneConfig { patch: Some(8), ..residual() }, "patch"),
        (BackboneConfig { depth: Some(2), ..residual() }, "depth"),
        (BackboneConfig { widths: Some([4, 0, 4, 4]), ..residual() }, "widths[1]"),
        (BackboneConfig { widths: Some([4; 4]), ..transformer() }, "widths"),
        (BackboneConfig { zero_init_last: true, ..transformer() }, "zero_init_last"),
        (BackboneConfig { patch: None, ..transformer() }, "patch"),
        (BackboneConfig { size: None, ..transformer() }, "size"),
        (BackboneConfig { patch: Some(0), ..transformer() }, "patch"),
        (BackboneConfig { size: Some(36), ..transformer() }, "size"),
        (BackboneConfig { heads: Some(5), ..transformer() }, "dim"),
    ] {
        let message = wrong(config);
        assert!(message.starts_with(&format!("`{key}`: ")), "{message}");
    }
}

/// A checkpoint as written by DINO's training: the teacher is loaded unless the student is
/// requested.
#[test]
fn the_teacher_and_the_student_of_a_dino_checkpoint_can_be_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torch_save");
    let network = || {
        let config = BackboneConfig {
            dim: Some(12),
            depth: Some(1),
            heads: Some(3),
            ..BackboneConfig::transformer(Architecture::VitTiny, 4, 16)
        };
        config.init_seeded(&device(), 3)
    };
    let read = |name: &str, prefix| load(network(), &folder.join(name), &LoadOptions { prefix });
    let teacher = tensors(&read("dino_expected.safetensors", Prefix::None).unwrap());
    let named = |name: &str| Prefix::Named(name.into());
    for prefix in [Prefix::Common, named("teacher.backbone.")] {
        assert_eq!(tensors(&read("dino.pth", prefix).unwrap()), teacher);
    }
    let student = read("dino.pth", named("student.module.backbone.")).unwrap();
    assert_ne!(tensors(&student), teacher);
}
