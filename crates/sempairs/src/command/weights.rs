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
    /// The backbone's weights: `.safetensors` or PyTorch's `.pth`, under torchvision's or timm's
    /// names.
    #[arg(long)]
    pub weights: PathBuf,
    /// What stands before those names in the file, its last dot included, such as
    /// `module.encoder_q.`; `common` looks for the usual ones.
    #[arg(long, value_name = "TEXT|common")]
    prefix: Option<String>,
}

impl WeightsFlags {
    /// The network with the file's weights; standard error says where they stood, and what was
    /// ignored.
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

    /// An error of scoring these weights, with their file if it is theirs.
    pub fn blamed(&self, error: EvalError) -> Error {
        match error {
            EvalError::NotFinite => Error::Scored { weights: self.weights.clone(), error },
            other => other.into(),
        }
    }

    fn note(&self, loaded: &Loaded<AnyBackbone>) {
        note!("{}: loaded {loaded}", self.weights.display());
    }

    /// The error, with the flag that helps.
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
            WeightsError::Prefix { .. } => "if they stand there behind a prefix, give it with \
                                            --prefix TEXT, or try --prefix common; if the file is \
                                            another network's, set `backbone`"
                .into(),
            WeightsError::Ambiguous { prefixes, .. } => flags(prefixes),
            _ => return error.into(),
        };
        Error::Advised { error: Box::new(error.into()), advice }
    }
}
