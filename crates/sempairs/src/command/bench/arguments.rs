//! Limits, parsers and checks of arguments that benchmarks share.

use sempairs::augment::Interpolation;
use sempairs::backbone::{Architecture, BackboneConfig, Stem};
use sempairs::experiment::limits::MAX_BATCH_BYTES;
use sempairs::train::Precision;
use sempairs::{ConfigError, Error};
use serde_json::json;

/// Maximum number of pairs per batch.
pub(super) const MAX_BATCH: usize = *sempairs::train::limits::BATCHES.end();

/// Maximum number of steps or batches to time.
pub(super) const MAX_TIMED: usize = 10_000_000;

/// Parses the value of `--backbone`, for pictures with a side length of `size` pixels. A stem
/// replaces that of a residual network.
pub(super) fn network(
    backbone: &str,
    stem: Option<Stem>,
    size: usize,
) -> Result<BackboneConfig, Error> {
    let (name, patch) = match backbone.split_once("_patch") {
        None => (backbone, None),
        Some((name, patch)) => (name, Some(patch.parse().ok())),
    };
    let named: Option<Architecture> = toml::Value::String(name.into()).try_into().ok();
    let mut network = match (named, patch) {
        (Some(named), None) if !named.is_transformer() => BackboneConfig::new(named),
        (Some(named), Some(Some(patch))) if named.is_transformer() => {
            BackboneConfig::transformer(named, patch, size)
        }
        _ => {
            let names = Architecture::NAMES.map(|name| match name.starts_with("vit") {
                true => format!("{name}_patch8"),
                false => name.to_owned(),
            });
            let reason = format!("there is no `{backbone}`, only {}", names.join(", "));
            let error = ConfigError::new("", reason);
            let error = error.with_nearest(backbone, names.iter().map(String::as_str));
            return Err(Error::config("--backbone", error));
        }
    };
    if stem.is_some() {
        if network.name.is_transformer() {
            return Err(Error::invalid("--stem", "a vision transformer has no stem"));
        }
        network.stem = stem;
    }
    let flag = |key: &str| if key == "size" { "--size" } else { "--backbone" };
    network.check().map_err(|error| ConfigError::new(flag(error.key()), error.reason()))?;
    Ok(network)
}

/// Returns an error if the views of a batch are too large.
pub(super) fn check_batch(batch: usize, size: usize) -> Result<(), Error> {
    let bytes = (2 * 3 * 4 * batch as u64).saturating_mul((size as u64).pow(2));
    match bytes > MAX_BATCH_BYTES {
        true => {
            let (gigabytes, most) = (bytes >> 30, MAX_BATCH_BYTES >> 30);
            let reason =
                format!("a batch of views takes {gigabytes} GiB; the maximum is {most} GiB");
            Err(Error::invalid("--batch, --size", reason))
        }
        false => Ok(()),
    }
}

pub(super) fn stem(text: &str) -> Result<Stem, String> {
    serde_json::from_value(json!(text)).map_err(|_| "must be imagenet, small or strided".into())
}

pub(super) fn filter(text: &str) -> Result<Interpolation, String> {
    serde_json::from_value(json!(text)).map_err(|_| "must be bilinear or bicubic".into())
}

pub(super) fn precision(text: &str) -> Result<Precision, String> {
    serde_json::from_value(json!(text)).map_err(|_| "must be f32 or bf16".into())
}
