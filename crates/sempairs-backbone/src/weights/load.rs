use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use burn::module::Module;

use super::file::WeightsFile;
use super::first_word::first_word;
use super::group::{Group, grouped, listed};
use super::named::{replace, shapes};
use super::place::{Entries, Place, Wanted};
use super::prefix::Search;
use super::{Absence, Misfit, Prefix, WeightsError};

/// Options for loading weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Prefix of the module's tensor names in the file.
    pub prefix: Prefix,
}

/// A module with loaded weights, and a report about the file.
#[derive(Clone, Debug)]
pub struct Loaded<M> {
    /// The module with the loaded weights.
    pub module: M,
    /// The prefix under which the module's tensors were found.
    pub prefix: String,
    /// Other tensors with this prefix that were ignored, such as heads; their names are without the
    /// prefix.
    pub ignored: Vec<Group>,
}

impl<M> fmt::Display for Loaded<M> {
    /// For example ``with prefix `module.encoder_q.`; ignored: `fc` (4 tensors)``.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_str() {
            "" => write!(out, "without a prefix")?,
            prefix => write!(out, "with prefix `{prefix}`")?,
        }
        match self.ignored.is_empty() {
            true => Ok(()),
            false => write!(out, "; ignored: {}", listed(&self.ignored)),
        }
    }
}

/// Loads a module's weights from a `.safetensors` file or a PyTorch checkpoint. The format is
/// recognised from the content.
///
/// Every tensor of the module must be in the file, with the right shape and with finite
/// floating-point values, which are converted to f32. Other tensors with the same prefix (a
/// classifier, a projection head, prototypes) are ignored; [`load_with_report`] lists them. A
/// further tensor within one of the module's own fields is an error, since it belongs to another
/// network (one that is deeper or has other layers). An exception is `num_batches_tracked` of
/// normalisation layers, which PyTorch only needs for cumulative averages.
///
/// The parameters keep their ids and whether they are trainable. As always when a Burn module is
/// mapped, clones share the running statistics, and therefore see the loaded ones.
///
/// # Errors
///
/// After an error the module is unchanged.
///
/// - [`WeightsError::Io`] or [`WeightsError::Format`] if the file cannot be read.
/// - [`WeightsError::Prefix`] if the module's tensors are not in the file under the prefix.
/// - [`WeightsError::Ambiguous`] if they are there under several prefixes.
/// - [`WeightsError::Misfits`] with all tensors that do not match.
/// - [`WeightsError::NotFinite`] for infinite or NaN values.
pub fn load<M: Module>(module: M, path: &Path, options: &LoadOptions) -> Result<M, WeightsError> {
    Ok(load_with_report(module, path, options)?.module)
}

/// Like [`load`], and reports the prefix that was found and the tensors that were ignored.
///
/// # Errors
///
/// As [`load`].
pub fn load_with_report<M: Module>(
    module: M,
    path: &Path,
    options: &LoadOptions,
) -> Result<Loaded<M>, WeightsError> {
    let file = WeightsFile::open(path)?;
    let wanted = Wanted::new(shapes(&module));
    let places = wanted.places(&file.entries);
    let (place, hits) = match options.prefix.find(&file.entries, &wanted, &places) {
        Search::Here(place, hits) => (place, hits),
        Search::Several(prefixes) => {
            return Err(WeightsError::Ambiguous { path: path.into(), prefixes });
        }
    };
    // If most of the module is found, the list of missing tensors is more useful than other
    // prefixes.
    if 2 * hits.fitting < wanted.tensors.len() {
        let elsewhere = complete(&file.entries, &wanted, &places);
        if hits.named == 0 || !elsewhere.is_empty() {
            let absence = Absence {
                prefix: place.prefix,
                first: wanted.tensors.first().map(|(name, _)| name.clone()).unwrap_or_default(),
                found: hits.fitting,
                tensors: wanted.tensors.len(),
                elsewhere,
                holds: grouped(file.entries.keys().map(String::as_str)),
            };
            return Err(WeightsError::Prefix { path: path.into(), absence: Box::new(absence) });
        }
    }
    let (misfits, ignored) = compare(&file.entries, &wanted, &place);
    if !misfits.is_empty() {
        return Err(WeightsError::Misfits { path: path.into(), misfits });
    }
    let names: Vec<String> =
        wanted.tensors.iter().map(|(name, _)| wanted.name_at(&place, name)).collect();
    let values = file.values(path, &names)?;
    let not_finite = |(_, values): &(&String, &Vec<f32>)| !values.iter().all(|x| x.is_finite());
    let damaged: Vec<String> =
        names.iter().zip(&values).filter(not_finite).map(|(name, _)| name.clone()).collect();
    if !damaged.is_empty() {
        return Err(WeightsError::NotFinite { path: path.into(), tensors: damaged });
    }
    let own = wanted.tensors.into_iter().map(|(name, _)| name);
    let module = replace(module, own.zip(values).collect());
    Ok(Loaded { module, prefix: place.prefix, ignored })
}

/// The prefixes under which the whole module is found, restricted to those of the highest rank, so
/// that a momentum encoder is not listed along with the trained network.
fn complete(entries: &Entries, wanted: &Wanted, places: &[Place]) -> Vec<String> {
    let is_complete = |place: &&Place| wanted.is_complete(wanted.hits(entries, place));
    let mut found: Vec<&str> =
        places.iter().filter(is_complete).map(|place| place.prefix.as_str()).collect();
    found.dedup();
    let best = found.iter().map(|prefix| Prefix::rank(prefix)).max();
    found.retain(|prefix| Some(Prefix::rank(prefix)) == best);
    found.into_iter().map(str::to_owned).collect()
}

/// The mismatches between file and module, and the other tensors under the prefix.
fn compare(entries: &Entries, wanted: &Wanted, place: &Place) -> (Vec<Misfit>, Vec<Group>) {
    let mut misfits = Vec::new();
    let mut known = HashSet::new();
    for (name, shape) in &wanted.tensors {
        let name = wanted.name_at(place, name);
        match entries.get(&name) {
            None => misfits.push(Misfit::Missing { name: name.clone() }),
            Some(entry) if entry.shape != *shape => {
                let (found, expected) = (entry.shape.clone(), shape.clone());
                misfits.push(Misfit::Misshapen { name: name.clone(), found, expected });
            }
            Some(entry) => {
                if let Err(found) = entry.dtype.clone() {
                    misfits.push(Misfit::Mistyped { name: name.clone(), found });
                }
            }
        }
        known.insert(name);
    }
    let counter = |name: &str| {
        name.strip_suffix("num_batches_tracked")
            .is_some_and(|norm| known.contains(&format!("{norm}running_var")))
    };
    let fields = wanted.fields_at(place);
    let mut ignored = Vec::new();
    for name in entries.keys().filter(|name| !known.contains(*name) && !counter(name)) {
        let Some(below) = name.strip_prefix(&place.prefix) else { continue };
        match fields.contains(first_word(below)) {
            true => misfits.push(Misfit::Extra { name: name.clone() }),
            false => ignored.push(below),
        }
    }
    (misfits, grouped(ignored.into_iter()))
}
