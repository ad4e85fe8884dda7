use std::collections::HashSet;
use std::path::Path;

use burn::module::Module;

use super::file::WeightsFile;
use super::named::{replace, shapes};
use super::{Misfit, WeightsError};

/// How the names in a file relate to the module's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// What stands before them.
    pub prefix: Prefix,
}

/// What stands in a file before the names of a module's tensors.
///
/// The keys of nested dictionaries count: a PyTorch checkpoint `{"state_dict": {"module.conv1.weight":
/// ...}, ...}` has the prefix `state_dict.module.`. With any prefix but the empty one, the tensors
/// elsewhere in the file (optimiser, projector, queue) are no concern of the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    /// Nothing; every tensor of the file must be one of the module's.
    #[default]
    None,
    /// This, its last dot included.
    Named(String),
    /// Any sequence of the [usual words](Self::USUAL), the one under which most of the module is
    /// found; of equals a teacher's, which is what DINO evaluates, else the shortest.
    Common,
}

impl Prefix {
    /// What training scripts put before a backbone's names: the dictionaries of checkpoints, the
    /// wrapper of `DataParallel`, and the fields in which methods keep the encoder they train.
    pub const USUAL: [&str; 14] = [
        "state_dict",
        "model_state_dict",
        "model",
        "module",
        "backbone",
        "encoder",
        "encoder_q",
        "base_encoder",
        "online_encoder",
        "student",
        "student_backbone",
        "teacher",
        "net",
        "resnet",
    ];

    fn find(&self, file: &WeightsFile, expected: &[(String, Vec<usize>)]) -> String {
        match self {
            Self::None => String::new(),
            Self::Named(prefix) => prefix.clone(),
            Self::Common => {
                let Some((first, _)) = expected.first() else { return String::new() };
                let usual = |prefix: &&str| {
                    prefix.is_empty()
                        || prefix.strip_suffix('.').is_some_and(|words| {
                            words.split('.').all(|word| Self::USUAL.contains(&word))
                        })
                };
                let found = |prefix: &str| {
                    let has = |name: &str| file.entries.contains_key(&format!("{prefix}{name}"));
                    expected.iter().filter(|(name, _)| has(name)).count()
                };
                let candidates = file.entries.keys().filter_map(|name| name.strip_suffix(first));
                let best = candidates.filter(usual).max_by_key(|prefix| {
                    let teacher = prefix.split('.').any(|word| word == "teacher");
                    (found(prefix), teacher, std::cmp::Reverse(prefix.len()))
                });
                best.unwrap_or_default().to_owned()
            }
        }
    }
}

/// Loads a module's weights from a `.safetensors` file or a PyTorch checkpoint, told apart by content.
///
/// Every tensor of the module is in the file, in its shape and as floating-point numbers (which
/// become f32), and the file has no other below the prefix; save the classifier (`fc.weight` and `fc.bias` in
/// torchvision, `head.weight` and `head.bias` in timm), and the `num_batches_tracked` of norms, which PyTorch needs for
/// cumulative averages alone. The parameters keep their ids and whether they are trained. As for every
/// map over a Burn module, clones share running statistics, so they see the loaded ones.
///
/// # Errors
///
/// [`WeightsError::Io`] or [`WeightsError::Format`] if the file cannot be read;
/// [`WeightsError::Misfits`] with every tensor that does not fit. The module is as it was then.
pub fn load<M: Module>(module: M, path: &Path, options: &LoadOptions) -> Result<M, WeightsError> {
    let file = WeightsFile::open(path)?;
    let expected = shapes(&module);
    let prefix = options.prefix.find(&file, &expected);
    let misfits = compare(&file, &expected, &prefix);
    if !misfits.is_empty() {
        return Err(WeightsError::Misfits { path: path.into(), misfits });
    }
    let values = file.values(path, expected.iter().map(|(name, _)| format!("{prefix}{name}")))?;
    Ok(replace(module, expected.into_iter().map(|(name, _)| name).zip(values).collect()))
}

/// torchvision's classifier and timm's, which no backbone has.
const CLASSIFIER: [&str; 4] = ["fc.weight", "fc.bias", "head.weight", "head.bias"];

fn compare(file: &WeightsFile, expected: &[(String, Vec<usize>)], prefix: &str) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for (name, shape) in expected {
        let name = format!("{prefix}{name}");
        match file.entries.get(&name) {
            None => misfits.push(Misfit::Missing { name }),
            Some(entry) if entry.shape != *shape => {
                let (found, expected) = (entry.shape.clone(), shape.clone());
                misfits.push(Misfit::Misshapen { name, found, expected });
            }
            Some(entry) => {
                if let Err(found) = entry.dtype.clone() {
                    misfits.push(Misfit::Mistyped { name, found });
                }
            }
        }
    }
    let known: HashSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let counter = |name: &str| {
        name.strip_suffix("num_batches_tracked")
            .is_some_and(|norm| known.contains(format!("{norm}running_var").as_str()))
    };
    let extra = file.entries.keys().filter(|name| {
        name.strip_prefix(prefix).is_some_and(|name| {
            !known.contains(name) && !CLASSIFIER.contains(&name) && !counter(name)
        })
    });
    misfits.extend(extra.map(|name| Misfit::Extra { name: name.clone() }));
    misfits
}
