//! Saving and loading of weights.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use sempairs_backbone::weights::{LoadOptions, Misfit, Prefix, WeightsError, load, save};
use sempairs_backbone::{Backbone, ResNet, ResNetConfig, Stem};
use sempairs_testing::Reference;
use support::{device, tensors};
use tempfile::TempDir;

/// A network small enough for many files.
fn tiny(seed: u64) -> ResNet {
    let config = ResNetConfig {
        widths: [4, 6, 8, 10],
        stem: Stem::Small,
        ..ResNetConfig::resnet10_narrow()
    };
    config.init_seeded(&device(), seed)
}

fn misfits(result: Result<ResNet, WeightsError>, file: &str) -> Vec<Misfit> {
    let error = result.expect_err("misfits");
    assert!(error.to_string().contains(file), "{error}");
    let WeightsError::Misfits { misfits, .. } = error else { panic!("{error}") };
    misfits
}

/// Writes a safetensors file of zeros with these names and shapes.
fn write(path: &Path, tensors: &[(&str, Vec<usize>)]) {
    let zeros: Vec<_> =
        tensors.iter().map(|(_, s)| vec![0; 4 * s.iter().product::<usize>()]).collect();
    let views = tensors.iter().zip(&zeros).map(|((name, shape), bytes)| {
        let dtype = safetensors::Dtype::F32;
        (*name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap())
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn names_and_shapes(file: &Path) -> Vec<(String, Vec<usize>)> {
    let bytes = fs::read(file).unwrap();
    let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut list: Vec<_> =
        read.iter().map(|(name, view)| (name.to_owned(), view.shape().to_vec())).collect();
    list.sort();
    list
}

#[test]
fn every_format_preserves_all_bits() {
    let folder = TempDir::new().unwrap();
    // A training step, so that the running statistics differ from the initial ones.
    let device = device().autodiff();
    let config = ResNetConfig { widths: [4, 6, 8, 10], ..ResNetConfig::resnet50() };
    let trained = config.init_seeded(&device, 1);
    trained.forward(Tensor::random([2, 3, 64, 64], burn::tensor::Distribution::Default, &device));
    for name in ["weights.safetensors", "weights.pth", "weights.pt"] {
        let path = folder.path().join(name);
        save(&trained, &path).unwrap();
        let loaded = load(config.init_seeded(&device, 2), &path, &LoadOptions::default()).unwrap();
        assert_eq!(tensors(&loaded), tensors(&trained), "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no other files remain");
}

#[test]
fn names_and_shapes_are_those_of_the_reference() {
    let folder = TempDir::new().unwrap();
    for (name, config) in
        [("resnet18", ResNetConfig::resnet18()), ("resnet50", ResNetConfig::resnet50())]
    {
        let path = folder.path().join("x.safetensors");
        save(&config.init(&device()), &path).unwrap();
        let keys = fs::read(Reference::path(&format!("backbones/{name}.keys.json"))).unwrap();
        let keys: std::collections::BTreeMap<String, Vec<usize>> =
            serde_json::from_slice(&keys).unwrap();
        assert_eq!(names_and_shapes(&path), keys.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_linear_layer_is_transposed_for_pytorch() {
    let folder = TempDir::new().unwrap();
    let linear = |seed| {
        sempairs_backbone::seed_parameters::<Linear>(LinearConfig::new(3, 5).init(&device()), seed)
    };
    for name in ["l.safetensors", "l.pth"] {
        let path = folder.path().join(name);
        save(&linear(1), &path).unwrap();
        let loaded = load(linear(2), &path, &LoadOptions::default()).unwrap();
        assert_eq!(tensors(&loaded), tensors(&linear(1)));
    }
    let shapes = names_and_shapes(&folder.path().join("l.safetensors"));
    assert_eq!(shapes, [("bias".to_owned(), vec![5]), ("weight".to_owned(), vec![5, 3])]);
}

/// Files written by PyTorch itself; the script `torch_save/make.py` creates them.
#[test]
fn checkpoints_of_pytorch_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torch_save");
    let read = |name: &str, prefix| load(tiny(2), &folder.join(name), &LoadOptions { prefix });
    let expected = tensors(&read("expected.safetensors", Prefix::None).unwrap());
    assert_ne!(expected, tensors(&tiny(2)));
    for name in ["state_dict.pth", "channels_last.pth", "legacy.pth"] {
        assert_eq!(tensors(&read(name, Prefix::None).unwrap()), expected, "{name}");
    }
    let encoder = Prefix::Named("state_dict.module.encoder_q.".into());
    for prefix in [Prefix::Common, encoder] {
        assert_eq!(tensors(&read("checkpoint.pth", prefix).unwrap()), expected);
    }
}

#[test]
fn one_error_lists_every_misfit() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.safetensors");
    let good = folder.path().join("good.safetensors");
    save(&tiny(1), &good).unwrap();
    let mut list = names_and_shapes(&good);
    list.retain(|(name, _)| name != "bn1.bias" && name != "layer2.0.downsample.0.weight");
    list.iter_mut().find(|(name, _)| name == "conv1.weight").unwrap().1 = vec![4, 3, 7, 7];
    list.push(("projector.0.weight".into(), vec![2, 2]));
    list.push(("layer1.1.conv1.weight".into(), vec![2, 2]));
    list.push(("fc.weight".into(), vec![1000, 10]));
    let list: Vec<_> = list.iter().map(|(n, s)| (n.as_str(), s.clone())).collect();
    write(&path, &list);
    let module = tiny(2);
    let before = tensors(&module);
    let found = misfits(load(module.clone(), &path, &LoadOptions::default()), "other.safetensors");
    let missing = |name: &str| Misfit::Missing { name: name.into() };
    let shapes = Misfit::Misshapen {
        name: "conv1.weight".into(),
        found: vec![4, 3, 7, 7],
        expected: vec![4, 3, 3, 3],
    };
    let extra = Misfit::Extra { name: "layer1.1.conv1.weight".into() };
    let expected = [shapes, missing("bn1.bias"), missing("layer2.0.downsample.0.weight"), extra];
    assert_eq!(found, expected);
    assert_eq!(tensors(&module), before, "nothing was loaded");
}

#[test]
fn prefixes_are_stripped() {
    let folder = TempDir::new().unwrap();
    let good = folder.path().join("good.safetensors");
    save(&tiny(1), &good).unwrap();
    let bytes = fs::read(&good).unwrap();
    let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let path = folder.path().join("wrapped.safetensors");
    let wrapped = read.iter().map(|(name, view)| (format!("module.encoder_q.{name}"), view));
    let zeros = vec![0; 4 * 4 * 3 * 9];
    let other =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![4, 3, 3, 3], &zeros);
    let momentum = ("module.encoder_k.conv1.weight".to_owned(), other.unwrap());
    let all: Vec<_> = wrapped.chain([momentum]).collect();
    fs::write(&path, safetensors::serialize(all, None).unwrap()).unwrap();

    for prefix in [Prefix::Common, Prefix::Named("module.encoder_q.".into())] {
        let loaded = load(tiny(2), &path, &LoadOptions { prefix }).unwrap();
        assert_eq!(tensors(&loaded), tensors(&tiny(1)));
    }
    let plain = load(tiny(2), &good, &LoadOptions { prefix: Prefix::Common }).unwrap();
    assert_eq!(tensors(&plain), tensors(&tiny(1)));
    let none = load(tiny(2), &path, &LoadOptions::default()).unwrap_err();
    assert!(matches!(&none, WeightsError::Prefix { absence, .. } if absence.found == 0), "{none}");
}

/// Checks that loading gives an error that names the file.
fn is_refused(path: PathBuf, content: &[u8]) {
    fs::write(&path, content).unwrap();
    let Err(error) = load(tiny(2), &path, &LoadOptions::default()) else {
        panic!("{} was loaded", path.display())
    };
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[test]
fn files_that_are_not_weights_are_rejected() {
    let folder = TempDir::new().unwrap();
    for name in ["x.safetensors", "x.pth"] {
        let path = || folder.path().join(name);
        is_refused(path(), b"");
        is_refused(path(), b"x");
        is_refused(path(), b"Dear reader, these are no weights at all.\n");
        is_refused(path(), &[0xff; 64]);
        // An empty archive.
        is_refused(path(), b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    }
    // An archive that does not contain a checkpoint.
    let path = folder.path().join("other.pth");
    save(&tiny(1), &path).unwrap();
    let mut archive = fs::read(&path).unwrap();
    while let Some(at) = archive.windows(8).position(|name| name == b"data.pkl") {
        archive[at..at + 8].copy_from_slice(b"note.txt");
    }
    is_refused(path, &archive);
    let missing = load(tiny(2), "nowhere/x.pth".as_ref(), &LoadOptions::default());
    assert!(matches!(missing, Err(WeightsError::Io { .. })));
}

#[test]
fn truncated_and_damaged_files_are_rejected() {
    let folder = TempDir::new().unwrap();
    for name in ["x.safetensors", "x.pth"] {
        let path = folder.path().join(name);
        save(&tiny(1), &path).unwrap();
        let whole = fs::read(&path).unwrap();
        let cuts = (0..40).map(|cut| cut * whole.len() / 40).chain([7, 8, 9, 30, whole.len() - 1]);
        for cut in cuts {
            is_refused(path.clone(), &whole[..cut]);
        }
        // A flipped bit may give a valid file of other weights, but never a panic.
        for position in (0..whole.len()).step_by(whole.len() / 300) {
            let mut damaged = whole.clone();
            damaged[position] ^= 0x41;
            fs::write(&path, damaged).unwrap();
            let _ = load(tiny(2), &path, &LoadOptions::default());
        }
    }
}

#[test]
fn an_unknown_extension_is_rejected_and_a_failed_write_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let wrong = save(&tiny(1), &folder.path().join("weights.onnx"));
    assert!(matches!(wrong, Err(WeightsError::Extension { .. })));
    let nowhere = save(&tiny(1), &folder.path().join("missing/weights.pth"));
    assert!(matches!(nowhere, Err(WeightsError::Io { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
