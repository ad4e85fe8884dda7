//! Flags for a weights file.

use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::backbone::AnyBackbone;
use sempairs::backbone::weights::{LoadOptions, Loaded, Prefix, WeightsError, load_with_report};
use sempairs::eval::EvalError;
use sempairs_internal::note;

/// A file of a backbone's weights.
#[derive(Args)]
pub struct WeightsFlags {
    /// Weights of the backbone: a `.safetensors` or PyTorch `.pth` file with torchvision's or
    /// timm's parameter names.
    #[arg(long)]
    pub weights: PathBuf,
    /// Prefix of the parameter names in the file, including the last dot, such as
    /// `module.encoder_q.`; `common` tries the usual prefixes.
    #[arg(long, value_name = "TEXT|common")]
    prefix: Option<String>,
}

impl WeightsFlags {
    /// Loads the file's weights into the network, and reports the detected prefix and ignored
    /// parameters on standard error.
    pub fn load(&self, backbone: AnyBackbone) -> Result<AnyBackbone, Error> {
        let prefix = match self.prefix.as_deref() {
            None => Prefix::None,
            Some("common") => Prefix::Common,
            Some(text) => Prefix::Named(text.into()),
        };
        let searched = prefix == Prefix::Common;
        let loaded = load_with_report(backbone, &self.weights, &LoadOptions { prefix })
            .map_err(|error| self.advised(error))?;
        if !loaded.ignored.is_empty() || (searched && !loaded.prefix.is_empty()) {
            self.note(&loaded);
        }
        Ok(loaded.module)
    }

    /// Adds the weights file to an evaluation error if the weights are the cause.
    pub fn blamed(&self, error: EvalError) -> Error {
        match error {
            EvalError::NotFinite => Error::Scored { weights: self.weights.clone(), error },
            other => other.into(),
        }
    }

    fn note(&self, loaded: &Loaded<AnyBackbone>) {
        note!("{}: loaded {loaded}", self.weights.display());
    }

    /// Adds advice about the flag that resolves the error.
    fn advised(&self, error: WeightsError) -> Error {
        let flags = |prefixes: &[String]| {
            let flag = |prefix: &String| match prefix.is_empty() {
                true => "no --prefix".into(),
                false => format!("--prefix {prefix}"),
            };
            format!("give {}", prefixes.iter().map(flag).collect::<Vec<_>>().join(" or "))
        };
        let advice = match &error {
            WeightsError::Prefix { absence, .. } if !absence.elsewhere.is_empty() => {
                flags(&absence.elsewhere)
            }
            WeightsError::Prefix { .. } => "if the names have a prefix, give it with --prefix \
                                            TEXT, or try --prefix common; if the file is for \
                                            another network, change `backbone`"
                .into(),
            WeightsError::Ambiguous { prefixes, .. } => flags(prefixes),
            _ => return error.into(),
        };
        Error::Advised { error: Box::new(error.into()), advice }
    }
}
