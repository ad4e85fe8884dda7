//! Checkpoints of other programs, with their names and shapes, for small networks.

mod support;

use std::path::Path;

use burn::module::Module;
use sempairs_backbone::weights::{
    LoadOptions, Loaded, Misfit, Prefix, WeightsError, load_with_report, save,
};
use sempairs_backbone::{AnyBackbone, Architecture, BackboneConfig, Stem};
use support::checkpoint::{Named, read, write};
use support::layout::{Layout, Spelling, residual_layouts, transformer_layouts};
use support::{device, tensors};
use tempfile::TempDir;

/// Random seeds of the network to be loaded and of its copies.
const WANTED: u64 = 1;
const COPY: u64 = 9;

fn residual() -> BackboneConfig {
    BackboneConfig {
        widths: Some([4, 6, 8, 10]),
        stem: Some(Stem::Small),
        ..BackboneConfig::new(Architecture::Resnet10Narrow)
    }
}

fn transformer() -> BackboneConfig {
    BackboneConfig {
        dim: Some(12),
        depth: Some(2),
        heads: Some(3),
        ..BackboneConfig::transformer(Architecture::VitTiny, 4, 16)
    }
}

/// The network's tensors with their own names.
fn network(config: &BackboneConfig, seed: u64, folder: &Path) -> Vec<Named> {
    let path = folder.join("network.safetensors");
    save(&config.init_seeded(&device(), seed), &path).unwrap();
    read(&path)
}

/// All tensors of a layout.
fn checkpoint(layout: &Layout, config: &BackboneConfig, folder: &Path) -> Vec<Named> {
    let mut all = Vec::new();
    let copies = layout.copies.iter().map(|prefix| (*prefix, COPY));
    let also = layout.also_complete.iter().map(|prefix| (*prefix, WANTED));
    for (prefix, seed) in copies.chain(also).chain([(layout.prefix, WANTED)]) {
        for tensor in network(config, seed, folder) {
            all.push(Named { name: layout.spelling.name(prefix, &tensor.name), ..tensor });
        }
    }
    all.extend(layout.others.iter().map(|(name, shape)| Named::made_up(name, shape)));
    all
}

fn attempt(
    config: &BackboneConfig,
    path: &Path,
    prefix: Prefix,
) -> Result<Loaded<AnyBackbone>, WeightsError> {
    load_with_report(config.init_seeded(&device(), 5), path, &LoadOptions { prefix })
}

fn each(test: impl Fn(&Layout, &BackboneConfig, &Path)) {
    let folder = TempDir::new().unwrap();
    for (config, layouts) in
        [(residual(), residual_layouts()), (transformer(), transformer_layouts())]
    {
        for layout in layouts {
            test(&layout, &config, folder.path());
        }
    }
}

#[test]
fn every_published_layout_is_found_and_its_heads_are_ignored() {
    each(|layout, config, folder| {
        let expected = tensors(&config.init_seeded(&device(), WANTED));
        for file in ["checkpoint.safetensors", "checkpoint.pth.tar"] {
            let path = folder.join(file);
            write(&path, &checkpoint(layout, config, folder));
            for prefix in [Prefix::Common, Prefix::Named(layout.prefix.into())] {
                let name = layout.name;
                let loaded =
                    attempt(config, &path, prefix).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(tensors(&loaded.module), expected, "{name}, {file}");
                assert_eq!(loaded.prefix, layout.prefix, "{name}, {file}");
                let ignored: Vec<String> = loaded.ignored.iter().map(ToString::to_string).collect();
                assert_eq!(ignored, layout.ignored, "{name}, {file}");
            }
        }
    });
}

#[test]
fn an_error_for_a_wrong_prefix_gives_the_right_one() {
    each(|layout, config, folder| {
        if layout.prefix.is_empty() {
            return;
        }
        for file in ["checkpoint.safetensors", "checkpoint.pth"] {
            let path = folder.join(file);
            write(&path, &checkpoint(layout, config, folder));
            let half = layout.prefix.trim_end_matches('.');
            for prefix in [Prefix::None, Prefix::Named("wrong.".into()), Prefix::Named(half.into())]
            {
                let error = attempt(config, &path, prefix).unwrap_err();
                let message = error.to_string();
                assert!(message.contains(file), "{message}");
                let WeightsError::Prefix { absence, .. } = error else { panic!("{message}") };
                let mut prefixes = [layout.also_complete, &[layout.prefix]].concat();
                // DINO's student is trained; all other copies are momentum networks, which are not
                // listed.
                let student = |prefix: &&&str| prefix.starts_with("student.");
                prefixes.extend(layout.copies.iter().filter(student));
                prefixes.sort_unstable();
                assert_eq!(absence.elsewhere, prefixes, "{}", layout.name);
                assert!(message.contains(&format!("`{}`", layout.prefix)), "{message}");
            }
        }
    });
    // If there is only a copy, it is listed.
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("copy.safetensors");
    let layout = Layout::plain("copy", "module.encoder_k.", Spelling::Own);
    write(&path, &checkpoint(&layout, &residual(), folder.path()));
    let message = attempt(&residual(), &path, Prefix::None).unwrap_err().to_string();
    assert!(message.contains("all of them are there under `module.encoder_k.`"), "{message}");
}

#[test]
fn a_missing_tensor_is_an_error_even_if_there_are_copies() {
    each(|layout, config, folder| {
        // If the same network is elsewhere in the file, `Common` loads that one.
        if !layout.also_complete.is_empty() {
            return;
        }
        let gone = match config.name.is_transformer() {
            true => ["cls_token", "blocks.1.norm2.bias"],
            false => ["conv1.weight", "layer4.0.downsample.0.weight"],
        };
        for gone in gone {
            let gone = layout.spelling.name(layout.prefix, gone);
            let mut all = checkpoint(layout, config, folder);
            all.retain(|tensor| tensor.name != gone);
            let path = folder.join("checkpoint.pth");
            write(&path, &all);
            for prefix in [Prefix::Common, Prefix::Named(layout.prefix.into())] {
                let error = attempt(config, &path, prefix).unwrap_err();
                let message = error.to_string();
                assert!(message.contains(&format!("{gone} is missing")), "{message}");
                let WeightsError::Misfits { misfits, .. } = error else { panic!("{message}") };
                assert_eq!(misfits, [Misfit::Missing { name: gone.clone() }], "{}", layout.name);
            }
        }
    });
}

#[test]
fn a_tensor_of_the_wrong_shape_is_reported_with_both_shapes() {
    each(|layout, config, folder| {
        let own = if config.name.is_transformer() { "pos_embed" } else { "layer1.0.conv1.weight" };
        let name = layout.spelling.name(layout.prefix, own);
        let mut all = checkpoint(layout, config, folder);
        let tensor = all.iter_mut().find(|tensor| tensor.name == name).unwrap();
        let expected = format!("{:?}", tensor.shape);
        *tensor = Named::made_up(&name, &[3, 5]);
        for file in ["checkpoint.safetensors", "checkpoint.pth"] {
            let path = folder.join(file);
            write(&path, &all);
            let prefix = Prefix::Named(layout.prefix.into());
            let message = attempt(config, &path, prefix).unwrap_err().to_string();
            let said = format!("{name} has shape [3, 5], but must have {expected}");
            assert!(
                message.contains(file) && message.contains(&said),
                "{}: {message}",
                layout.name
            );
        }
    });
}

/// A ResNet-34 contains every tensor of a ResNet-18, and a transformer with more blocks those of
/// one with fewer. Additional tensors within the network's own fields are therefore an error.
#[test]
fn a_deeper_network_is_not_loaded_as_a_shallow_one() {
    let folder = TempDir::new().unwrap();
    for (config, extra) in [
        (residual(), "layer1.1.conv1.weight"),
        (residual(), "conv1.bias"),
        (transformer(), "blocks.2.norm1.weight"),
        (transformer(), "blocks.0.ls1.gamma"),
    ] {
        for prefix in ["", "state_dict.backbone."] {
            let mut all = network(&config, WANTED, folder.path());
            all.iter_mut().for_each(|tensor| tensor.name.insert_str(0, prefix));
            let extra = format!("{prefix}{extra}");
            all.push(Named::made_up(&extra, &[4]));
            let path = folder.path().join("deeper.safetensors");
            write(&path, &all);
            for prefix in [Prefix::Common, Prefix::Named(prefix.into())] {
                let error = attempt(&config, &path, prefix).unwrap_err();
                let WeightsError::Misfits { misfits, .. } = error else { panic!("{error}") };
                assert_eq!(misfits, [Misfit::Extra { name: extra.clone() }]);
            }
        }
    }
}

#[test]
fn two_networks_without_a_preferred_prefix_are_ambiguous() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("two.safetensors");
    let layout = Layout {
        copies: &["state_dict.left_eye."],
        ..Layout::plain("two", "state_dict.right_eye.", Spelling::Own)
    };
    write(&path, &checkpoint(&layout, &residual(), folder.path()));
    let message = attempt(&residual(), &path, Prefix::Common).unwrap_err().to_string();
    for prefix in ["two.safetensors", "`state_dict.left_eye.`", "`state_dict.right_eye.`"] {
        assert!(message.contains(prefix), "{message}");
    }
    // A single network is found under any prefix.
    let layout = Layout { copies: &[], ..layout };
    write(&path, &checkpoint(&layout, &residual(), folder.path()));
    let loaded = attempt(&residual(), &path, Prefix::Common).unwrap();
    assert_eq!(loaded.to_string(), "with prefix `state_dict.right_eye.`");
}

#[test]
fn the_error_for_a_file_of_another_network_is_short() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.pth");
    write(&path, &network(&transformer(), WANTED, folder.path()));
    let message = attempt(&residual(), &path, Prefix::None).unwrap_err().to_string();
    assert!(message.contains("none of the network's 60 tensors"), "{message}");
    assert!(message.contains("`blocks` (24 tensors)"), "{message}");
    // With the same names and other shapes, only a few are listed.
    let wide = BackboneConfig { widths: Some([8, 12, 16, 20]), ..residual() };
    write(&path, &network(&wide, WANTED, folder.path()));
    let error = attempt(&residual(), &path, Prefix::None).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("conv1.weight has shape [8, 3, 3, 3], but must have [4, 3, 3, 3]"),
        "{message}"
    );
    assert!(message.contains("56 more have the wrong shape") && message.len() < 600, "{message}");
    let WeightsError::Misfits { misfits, .. } = error else { panic!("{message}") };
    assert_eq!(misfits.len(), 60);
}

#[test]
fn weights_that_are_not_finite_are_rejected_with_their_names() {
    let folder = TempDir::new().unwrap();
    for (wrong, file) in [(f32::NAN, "w.safetensors"), (f32::INFINITY, "w.pth")] {
        let path = folder.path().join(file);
        let mut all = network(&residual(), WANTED, folder.path());
        // Ignored tensors may contain any values.
        all.push(Named::made_up("fc.weight", &[2, 10]));
        for (name, refused) in [("fc.weight", false), ("layer3.0.bn2.running_var", true)] {
            let tensor = all.iter_mut().find(|tensor| tensor.name == name).unwrap();
            let support::checkpoint::Values::Floats(values) = &mut tensor.values else {
                panic!("{name} holds floats")
            };
            values[1] = wrong;
            write(&path, &all);
            match attempt(&residual(), &path, Prefix::None) {
                Ok(_) => assert!(!refused, "{name}"),
                Err(error) => {
                    let message = error.to_string();
                    assert!(
                        refused && message.contains(file) && message.contains(name),
                        "{message}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_module_is_unchanged_after_an_error() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.pth");
    write(&path, &network(&transformer(), WANTED, folder.path()));
    let module = residual().init_seeded(&device(), 3).no_grad();
    let before = tensors(&module);
    assert!(load_with_report(module.clone(), &path, &LoadOptions::default()).is_err());
    assert_eq!(tensors(&module), before);
}
